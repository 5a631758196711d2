/** Pure: changes and their evidence in the wire format of `/api`. */
import type { ChangeEvidence, ChangeRecord, ChangesAnswer } from '@rollcall/protocol';
import type { ChangeLog } from '../../changes/change-log.ts';
import type { ChangesPage, Now } from '../../changes/page.ts';
import { sentenceOf } from '../../changes/sentence.ts';
import { readContent } from '../../roll/content.ts';
import type { PutEvidence, RemovalEvidence } from '../../roll/evidence.ts';
import type { Change } from '../../roll/followers.ts';

/** The cursor from which a client goes on. */
export const cursorOf = ({ epoch }: Now, revision: number): string => `${epoch}:${revision}`;

/** The wire names of fields that the roll calls by other names. */
const wireFields: Readonly<Record<string, string>> = { addresses: 'addrs' };

function writeEvidence(evidence: PutEvidence | RemovalEvidence): ChangeEvidence {
  if (!('fields' in evidence)) return evidence as ChangeEvidence;
  return { ...evidence, fields: evidence.fields.map((field) => wireFields[field] ?? field) } as ChangeEvidence;
}

/** A change in the wire format. */
export function writeChangeRecord(change: Change): ChangeRecord {
  const { revision, at, type, instance, evidence } = change;
  const { env, service, id } = instance;
  const common = { revision, at, type, env, appid: service, hostname: id, evidence: writeEvidence(evidence) };
  const text = sentenceOf(change);
  if (change.type === 'remove') return { ...common, reason: change.reason, text };
  const { content, status, late } = change.instance;
  const { addresses, version } = readContent(content);
  const written = { addrs: addresses, version, status: status === 'up' ? 1 : 2 } as const;
  return { ...common, text, ...written, ...(late ? { late } : {}) };
}

/** A page of changes in the wire format. */
export function writeChangesPage(now: Now, log: ChangeLog, { reset, changes, next, more }: ChangesPage): ChangesAnswer {
  const { revision, at } = log.start;
  return {
    ...{ reset, changes: changes.map(writeChangeRecord), cursor: cursorOf(now, next), more },
    log: { revision, at },
  };
}

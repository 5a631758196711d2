/** Pure: words a change and its evidence as a sentence for an operator. */
import { readContent } from '../roll/content.ts';
import type { Actor, PutEvidence, RemovalEvidence } from '../roll/evidence.ts';
import type { Change } from '../roll/followers.ts';
import type { Instance } from '../roll/instance.ts';
import { spellDuration } from '../roll/spell.ts';

/** `web/web-1 was evicted 94 s after its last renewal (TTL 90 s): ...` */
export function sentenceOf(change: Change): string {
  const { service, id } = change.instance;
  const told = change.type === 'put' ? putText(change.instance, change.evidence) : removalText(change.evidence);
  return `${service}/${id} ${told}`;
}

function putText(instance: Instance, evidence: PutEvidence): string {
  if (evidence.what === 'registered') return registeredText(instance, evidence);
  if (evidence.what === 'updated') return `was updated${senderText(evidence.by)}: ${fieldsText(evidence.fields)}`;
  if (evidence.what === 'set') return setText(instance, evidence);
  if (evidence.what === 'late')
    return `is late: silent for ${spellDuration(evidence.silentMs)} although it renews every ${spellDuration(evidence.renewIntervalMs)}`;
  return `is on time again${evidence.silentMs === undefined ? '' : ` after ${spellDuration(evidence.silentMs)} of silence`}`;
}

function registeredText({ content }: Instance, { by }: PutEvidence & { what: 'registered' }): string {
  const { addresses, version } = readContent(content);
  const withVersion = version === '' ? '' : ` with version ${version}`;
  return `was registered${withVersion} at ${addresses[0] ?? ''}${senderText(by)}`;
}

function setText({ status }: Instance, { fields, by }: PutEvidence & { what: 'set' }): string {
  const others = fields.filter((field) => field !== 'status');
  const besides = others.length === 0 ? '' : `; ${fieldsText(others)} changed`;
  if (!fields.includes('status')) return `was changed${senderText(by)}: ${fieldsText(fields)}`;
  return `was ${status === 'out' ? 'taken out of' : 'put back into'} service${senderText(by)}${besides}`;
}

function removalText(evidence: RemovalEvidence): string {
  if (evidence.what === 'deregistered') return deregisteredText(evidence);
  const { silentMs, ttlMs, evicted, of } = evidence;
  const evictedAfter = `was evicted ${spellDuration(silentMs)} after its last renewal (TTL ${spellDuration(ttlMs)})`;
  if (evidence.what === 'ended')
    return `${evictedAfter}: an operator${evidence.by === undefined ? '' : ` (${nameOf(evidence.by)})`} ended self-protection; ${evicted} of ${of} expired`;
  return `${evictedAfter}: ${causeText(evidence)}; evicted in the last five minutes: ${evicted} of ${of}`;
}

function deregisteredText({ holder, by }: RemovalEvidence & { what: 'deregistered' }): string {
  if (holder) return `was deregistered by its holder${by === undefined ? '' : `, ${nameOf(by)}`}`;
  return `was deregistered by name, by ${by === undefined ? 'another caller' : nameOf(by)}`;
}

function causeText({ cause, replacedBy }: RemovalEvidence & { what: 'evicted' }): string {
  if (cause === 'ttl') return 'self-protection is off';
  if (cause === 'replaced')
    return replacedBy === undefined ? 'another stands in for it' : `${replacedBy} stands in for it`;
  if (cause === 'quiet') return 'too few are missing to blame the network';
  return 'an hour of silence is the limit of self-protection';
}

const nameOf = ({ token, address }: Actor): string =>
  token === undefined ? (address ?? 'another caller') : `${token}${address === undefined ? '' : ` at ${address}`}`;

const senderText = (by: Actor | undefined): string => (by === undefined ? '' : ` by ${nameOf(by)}`);
const fieldsText = (fields: readonly string[]): string => fields.join(', ');

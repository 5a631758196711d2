/** Why the roll changed, as plain data for the journal, the audit log and clients: it survives `JSON.stringify` and back. */
import type { EvictionCause } from '../protection/index.ts';
import { type Content, readContent } from './content.ts';
import { type Instance, sameContent } from './instance.ts';

/** The sender of a command, as far as its front knows it. */
export interface Actor {
  /** The address of the client. */
  readonly address?: string | undefined;
  /** The name of the caller's token. */
  readonly token?: string | undefined;
}

/** A field of an instance that watchers see. */
export type ContentField = keyof Content | 'status';

/** Why an instance was registered or changed. */
export type PutEvidence =
  /** The id was not listed before. */
  | { readonly what: 'registered'; readonly by?: Actor | undefined }
  /** A register call changed these fields. */
  | { readonly what: 'updated'; readonly fields: readonly ContentField[]; readonly by?: Actor | undefined }
  /** An operator's set call changed these fields. */
  | { readonly what: 'set'; readonly fields: readonly ContentField[]; readonly by?: Actor | undefined }
  /** The instance became late. */
  | { readonly what: 'late'; readonly silentMs: number; readonly renewIntervalMs: number }
  /** The instance was late and renewed, after a silence of this length. */
  | { readonly what: 'on-time'; readonly silentMs?: number | undefined };

/** Why an instance left the roll. */
export type RemovalEvidence =
  /** `holder`: a client deregistered the instance by its handle. Otherwise by its name, whichever client held it. */
  | { readonly what: 'deregistered'; readonly holder: boolean; readonly by?: Actor | undefined }
  /**
   * The lease of the instance ran out. `evicted`: the number of evictions in the environment within the last five
   * minutes, this one included. `of`: those evictions and the listed instances.
   */
  | ({ readonly what: 'evicted'; readonly cause: EvictionCause; readonly replacedBy?: string | undefined } & Expiry)
  /** An operator ended self-protection. This is number `evicted` of the `of` expired instances that left. */
  | ({ readonly what: 'ended'; readonly by?: Actor | undefined } & Expiry);

/** The part of the evidence that the evicting command knows before it looks at the instance. */
export type EvictionEvidence = DistributiveOmit<
  Exclude<RemovalEvidence, { what: 'deregistered' }>,
  'silentMs' | 'ttlMs'
>;

type DistributiveOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never;

interface Expiry {
  /** Time since the instance's last renewal, without the time for which the server stood still. */
  readonly silentMs: number;
  readonly ttlMs: number;
  readonly evicted: number;
  readonly of: number;
}

const contentFields: readonly ContentField[] = [
  'addresses',
  'version',
  'region',
  'zone',
  'status',
  'metadata',
  'serviceMetadata',
  'endpoints',
];

/** The fields in which watchers see a difference. */
export function changedFields(a: Instance, b: Instance): readonly ContentField[] {
  if (sameContent(a, b)) return [];
  const [before, after] = [a, b].map(({ content, status }) => ({ ...readContent(content), status }));
  return contentFields.filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]));
}

/** The field `by` of an evidence, if the sender is known. */
export const sentBy = (by: Actor | undefined): { readonly by?: Actor } => (by === undefined ? {} : { by });

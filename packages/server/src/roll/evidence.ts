/** Why the roll changed, as plain data: it survives `JSON.stringify` and back, for the journal, the audit log and clients. */
import type { EvictionCause } from '../protection/index.ts';
import type { Instance } from './instance.ts';

/** The sender of a command, as far as its front knows it. */
export interface Actor {
  /** The address of the client. */
  readonly address?: string | undefined;
  /** The name of its token. */
  readonly token?: string | undefined;
}

/** A field of an instance that watchers see. */
export type ContentField = keyof Pick<
  Instance,
  'addresses' | 'version' | 'region' | 'zone' | 'status' | 'metadata' | 'serviceMetadata' | 'endpoints'
>;

/** Why an instance was put on the roll or changed there. */
export type PutEvidence =
  /** It was not listed. */
  | { readonly what: 'registered'; readonly by?: Actor | undefined }
  /** A register call changed these fields. */
  | { readonly what: 'updated'; readonly fields: readonly ContentField[]; readonly by?: Actor | undefined }
  /** Likewise a set call, which is an operator's. */
  | { readonly what: 'set'; readonly fields: readonly ContentField[]; readonly by?: Actor | undefined }
  /** It was silent for longer than its interval allows. */
  | { readonly what: 'late'; readonly silentMs: number; readonly renewIntervalMs: number }
  /** It was late and has renewed, after that silence. */
  | { readonly what: 'on-time'; readonly silentMs?: number | undefined };

/** Why an instance left the roll. */
export type RemovalEvidence =
  /** `holder`: by the handle that held it; else by its name, whichever client holds it. */
  | { readonly what: 'deregistered'; readonly holder: boolean; readonly by?: Actor | undefined }
  /**
   * Its lease ran out. `evicted`: so many of its environment were evicted in the last five minutes, this one included;
   * `of`: those and the instances that are listed.
   */
  | ({ readonly what: 'evicted'; readonly cause: EvictionCause; readonly replacedBy?: string | undefined } & Expiry)
  /** An operator ended self-protection: it is number `evicted` of the `of` expired instances that went. */
  | ({ readonly what: 'ended'; readonly by?: Actor | undefined } & Expiry);

/** What of the evidence the command that evicts knows before it looks at the instance. */
export type EvictionEvidence = DistributiveOmit<
  Exclude<RemovalEvidence, { what: 'deregistered' }>,
  'silentMs' | 'ttlMs'
>;

type DistributiveOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never;

interface Expiry {
  /** Since its last renewal; what the server stood still does not count. */
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
export const changedFields = (a: Instance, b: Instance): readonly ContentField[] =>
  contentFields.filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]));

/** The field `by` of an evidence, where the sender is known. */
export const sentBy = (by: Actor | undefined): { readonly by?: Actor } => (by === undefined ? {} : { by });

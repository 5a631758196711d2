import type { InstanceKey, InstanceStatus } from './instance.ts';

/** The sender of a request, as far as the server knows it. */
export interface Sender {
  /** The address of the client. */
  readonly address?: string;
  /** The name of its token. */
  readonly token?: string;
}

/** How an instance left because it was silent. */
export interface ExpiryEvidence {
  /** Since its last renewal; what the server stood still does not count. */
  readonly silentMs: number;
  readonly ttlMs: number;
  readonly evicted: number;
  readonly of: number;
}

/** Why an instance was put on the roll, changed there, or left it. */
export type ChangeEvidence =
  | { readonly what: 'registered'; readonly by?: Sender }
  /** By a register call, in these fields of {@link Instance}. */
  | { readonly what: 'updated'; readonly fields: readonly string[]; readonly by?: Sender }
  /** By a set call, which is an operator's. */
  | { readonly what: 'set'; readonly fields: readonly string[]; readonly by?: Sender }
  | { readonly what: 'late'; readonly silentMs: number; readonly renewIntervalMs: number }
  | { readonly what: 'on-time'; readonly silentMs?: number }
  /** `holder`: by the handle that held it; else by its name, whichever client holds it. */
  | { readonly what: 'deregistered'; readonly holder: boolean; readonly by?: Sender }
  /**
   * Its TTL ran out, and self-protection is off (`ttl`), a newcomer stands in for it (`replaced`), its environment was not
   * protected for two of its own intervals (`quiet`), or it was silent for an hour (`ceiling`). It is number `evicted` of
   * the last five minutes; `of`: those and the instances that stay.
   */
  | ({
      readonly what: 'evicted';
      readonly cause: 'ttl' | 'replaced' | 'quiet' | 'ceiling';
      readonly replacedBy?: string;
    } & ExpiryEvidence)
  /** An operator ended self-protection: number `evicted` of the `of` expired instances that went. */
  | ({ readonly what: 'ended'; readonly by?: Sender } & ExpiryEvidence);

/** One change of the roll. */
export interface ChangeRecord extends InstanceKey {
  readonly revision: number;
  /** Milliseconds since the epoch by the server's clock. */
  readonly at: number;
  readonly type: 'put' | 'remove';
  /** What watchers were told; of removals. */
  readonly reason?: 'deregistered' | 'expired';
  readonly evidence: ChangeEvidence;
  /** The change and its evidence as a sentence. */
  readonly text: string;
  /** As it was then; of puts. */
  readonly addrs?: readonly string[];
  readonly version?: string;
  readonly status?: InstanceStatus;
  readonly late?: true;
}

/** Where the change log begins: what happened before is forgotten. */
export interface LogStart {
  /** The log holds every change after this revision. */
  readonly revision: number;
  /** Milliseconds since the epoch by the server's clock. */
  readonly at: number;
}

/** Data of `GET /api/changes`. */
export interface ChangesAnswer {
  /** What was asked for is of another epoch, ahead of the server or older than the log: changes are missing before these. */
  readonly reset: boolean;
  readonly changes: readonly ChangeRecord[];
  /** `since` of the next request. */
  readonly cursor: string;
  /** There are more already. */
  readonly more: boolean;
  readonly log: LogStart;
}

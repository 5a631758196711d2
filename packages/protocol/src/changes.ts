import type { InstanceKey, InstanceStatus } from './instance.ts';

/** The sender of a request, as far as the server knows it. */
export interface Sender {
  /** The address of the client. */
  readonly address?: string;
  /** The name of the client's token. */
  readonly token?: string;
}

/** How an instance left because it was silent. */
export interface ExpiryEvidence {
  /** Time since the instance's last renewal, without the time for which the server stood still. */
  readonly silentMs: number;
  /** The TTL that the instance had. */
  readonly ttlMs: number;
  /** Which eviction of the last five minutes this was, in its environment. */
  readonly evicted: number;
  /** The evictions of the last five minutes plus the instances that stay. */
  readonly of: number;
}

/** Why an instance was registered, changed, or removed. */
export type ChangeEvidence =
  | { readonly what: 'registered'; readonly by?: Sender }
  /** A register call changed these fields of {@link Instance}. */
  | { readonly what: 'updated'; readonly fields: readonly string[]; readonly by?: Sender }
  /** A set call, by an operator, changed it. */
  | { readonly what: 'set'; readonly fields: readonly string[]; readonly by?: Sender }
  | { readonly what: 'late'; readonly silentMs: number; readonly renewIntervalMs: number }
  | { readonly what: 'on-time'; readonly silentMs?: number }
  /** `holder`: a client deregistered the instance by its handle. Otherwise by its name, whichever client held it. */
  | { readonly what: 'deregistered'; readonly holder: boolean; readonly by?: Sender }
  /**
   * The TTL of the instance ran out, and one of these was true: self-protection is off (`ttl`); a newcomer stands in
   * for the instance (`replaced`); the environment was without protection for two intervals of the instance (`quiet`);
   * the instance was silent for an hour (`ceiling`). This is eviction number `evicted` of the last five minutes; `of`
   * counts those evictions and the instances that stay.
   */
  | ({
      readonly what: 'evicted';
      readonly cause: 'ttl' | 'replaced' | 'quiet' | 'ceiling';
      readonly replacedBy?: string;
    } & ExpiryEvidence)
  /** An operator ended self-protection. This is number `evicted` of the `of` expired instances that left. */
  | ({ readonly what: 'ended'; readonly by?: Sender } & ExpiryEvidence);

/** One change of the roll. */
export interface ChangeRecord extends InstanceKey {
  /** The number of this change: the revision of the roll after the change. */
  readonly revision: number;
  /** Milliseconds since the epoch by the server's clock. */
  readonly at: number;
  /** `put`: the instance was registered or changed. `remove`: it left the roll. */
  readonly type: 'put' | 'remove';
  /** The reason that watchers were told; present for a removal. */
  readonly reason?: 'deregistered' | 'expired';
  /** Why the roll changed. */
  readonly evidence: ChangeEvidence;
  /** The change and its evidence as a sentence. */
  readonly text: string;
  /** The instance as it was then; present for a put. */
  readonly addrs?: readonly string[];
  /** Version of the service; present for a put. */
  readonly version?: string;
  /** 1: up. 2: out of service. Present for a put. */
  readonly status?: InstanceStatus;
  /** The instance was late; for a put. */
  readonly late?: true;
}

/** Where the change log begins. Earlier changes are forgotten. */
export interface LogStart {
  /** The log holds every change after this revision. */
  readonly revision: number;
  /** Milliseconds since the epoch by the server's clock. */
  readonly at: number;
}

/** Data of `GET /api/changes`. */
export interface ChangesAnswer {
  /** The cursor was of another epoch, ahead of the server, or older than the log: changes before these are missing. */
  readonly reset: boolean;
  /** The changes after the cursor, oldest first. */
  readonly changes: readonly ChangeRecord[];
  /** The value for `since` of the next request. */
  readonly cursor: string;
  /** More changes are available now. */
  readonly more: boolean;
  /** Where the change log of the server begins. */
  readonly log: LogStart;
}

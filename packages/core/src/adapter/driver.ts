/**
 * The contract for authors of an adapter: the narrow driver behind every registry. Grouping, copies, limits, retry,
 * diff and coalescing are the guard's; `createRegistry` makes a `Registry` of a driver.
 */
import type {
  Capabilities,
  DeleteReason,
  Endpoint,
  Logger,
  Metadata,
  ServiceNode,
  ServiceSummary,
  SkippedSummary,
} from '../contract.ts';
import type { RegistryError } from '../errors.ts';

/** One node with the service around it: what an adapter stores and reads. */
export interface Entry {
  /** The service. */
  readonly name: string;
  /** Version of the service, `''` when none was given. */
  readonly version: string;
  /** Metadata of the service; the node's own is in `node`. */
  readonly metadata: Metadata;
  /** The endpoints of the service, in the order in which they were registered. */
  readonly endpoints: readonly Endpoint[];
  /** The one node of this entry. */
  readonly node: ServiceNode;
}

/** What identifies an {@link Entry}. */
export interface EntryKey {
  /** The service, case-sensitive. */
  readonly name: string;
  /** The node, case-sensitive. */
  readonly id: string;
}

/** What the guard hands to each driver call. `signal` already carries the deadline. */
export interface DriverCall {
  /** Aborted at the deadline of the call, by its caller, or at close. Then the driver must end its work. */
  readonly signal: AbortSignal;
  /** Takes events that no call reports, such as a skipped record or another member. Errors are thrown, not logged. */
  readonly logger: Logger;
}

/**
 * A TTL as the backend keeps it, and the promised renew interval, both in milliseconds. The guard rounds the TTL in
 * `model/lease.ts`.
 */
export interface Lease {
  /** Rounded to what the backend can keep. */
  readonly ttlMs: number;
  /** The renew interval, for backends that mark late nodes. */
  readonly renewIntervalMs: number;
}

/**
 * Where a driver's watch reports. The guard compares with what it has told, so telling too much is harmless; telling
 * too little is not.
 */
export interface WatchSink {
  /**
   * Reports the whole state at one point; later calls continue from exactly there. A driver may report a snapshot again
   * at any time.
   */
  snapshot(entries: readonly Entry[]): void;
  /**
   * Reports one node as it is now. A driver may call it before the first snapshot, when parts of the state are known to
   * be true.
   */
  put(entry: Entry): void;
  /** Reports one node that is gone. Without a reason: `unknown`. */
  remove(key: EntryKey, reason?: DeleteReason): void;
  /**
   * Part of the state has arrived, with nothing to tell yet. It keeps a long snapshot on a slow link from counting as
   * silence.
   */
  alive(): void;
}

/** The narrow interface that an adapter implements; `createRegistry` makes a `Registry` of it. */
export interface RegistryDriver {
  /** The adapter's name, as in `--registry`. */
  readonly name: string;
  /**
   * Names of the adapter's own options, besides those of every adapter (`CommonRegistryOptions`). The guard refuses all
   * others. Absent: the guard accepts any option.
   */
  readonly optionNames?: readonly string[] | undefined;
  /** `host:port` of each backend, as configured; absent where the backend has no address. */
  readonly endpoints?: readonly string[] | undefined;
  /** The records that reads of this object left out: see `SkippedEntries`. */
  readonly skipped?: SkippedSummary | undefined;
  /** What the backend can do. It may change once: when `connect` has heard from the server. */
  readonly capabilities: Capabilities;
  /** The guard calls it before anything else, again after a failure, and never again once it resolved. */
  connect(call: DriverCall): Promise<void>;
  /**
   * Writes each entry whole, whatever was there; with `takesOver: false`, `CONFLICT` where a live holder defends it.
   * `lease` undefined: no lease.
   */
  put(entries: readonly Entry[], lease: Lease | undefined, call: DriverCall): Promise<void>;
  /**
   * Extends what this object holds. Returns the keys that the backend no longer has, which the guard then puts. The
   * guard also calls `renew` before it puts changed content, so that a lost node is noticed. `CONFLICT` where another
   * object holds a key.
   */
  renew(keys: readonly EntryKey[], lease: Lease | undefined, call: DriverCall): Promise<readonly EntryKey[]>;
  /** Removes the nodes with these keys, also those of other holders within `removesOthers`; ignores unknown keys. */
  remove(keys: readonly EntryKey[], call: DriverCall): Promise<void>;
  /** All entries, or those of one service. */
  read(name: string | undefined, call: DriverCall): Promise<readonly Entry[]>;
  /** Implement it only where it is cheaper than `read(undefined)`. */
  list?(call: DriverCall): Promise<readonly ServiceSummary[]>;
  /**
   * One connection's life: a snapshot, then changes, until the signal is aborted (resolves) or the link is lost
   * (rejects). After a compaction or an index that went back: reject, or report a new snapshot.
   */
  watch(name: string | undefined, sink: WatchSink, call: DriverCall): Promise<void>;
  /** The one place that translates backend errors into `RegistryError`. */
  toError(cause: unknown): RegistryError;
  /** Withdraws those of these keys that this object still holds, then frees every socket and timer. */
  close(options: { readonly withdraw: readonly EntryKey[] }, call: DriverCall): Promise<void>;
}

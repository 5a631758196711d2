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
  /** Pairs of the service; those of the node are in `node`. */
  readonly metadata: Metadata;
  /** In the order in which they were registered. */
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
  /** Aborted at the deadline of the call, by its caller, or at close. A driver must end its work then. */
  readonly signal: AbortSignal;
  /** For events that a caller cannot see, such as a skipped record or a change of member. Errors are thrown and not logged. */
  readonly logger: Logger;
}

/** A TTL as the backend keeps it and the promised interval, both in milliseconds. The guard rounds it: `model/lease.ts`. */
export interface Lease {
  /** Rounded to what the backend can keep. */
  readonly ttlMs: number;
  /** What "late" is measured by, where the backend marks it. */
  readonly renewIntervalMs: number;
}

/** Where a driver's watch reports. The guard diffs, so telling too much is harmless, telling too little is not. */
export interface WatchSink {
  /** The whole state at one point; later calls continue from exactly there. May come again. */
  snapshot(entries: readonly Entry[]): void;
  /** One node as it is now. Allowed before the first snapshot, when parts of the state are known to be true. */
  put(entry: Entry): void;
  /** One node that is gone; `unknown` without a reason. */
  remove(key: EntryKey, reason?: DeleteReason): void;
  /** Part of the state has arrived and there is nothing to tell yet: a long snapshot on a slow link is no silence. */
  alive(): void;
}

/** The narrow interface that an adapter implements; `createRegistry` makes a `Registry` of it. */
export interface RegistryDriver {
  /** The adapter's name, as in `--registry`. */
  readonly name: string;
  /** `host:port` of each backend as configured, where there is one. */
  readonly endpoints?: readonly string[] | undefined;
  /** What reads of this object left out: see `SkippedEntries`. */
  readonly skipped?: SkippedSummary | undefined;
  /** May change once: when `connect` has heard from the server. */
  readonly capabilities: Capabilities;
  /** Called before anything else, again after a failure; not called again once it resolved. */
  connect(call: DriverCall): Promise<void>;
  /**
   * Writes each entry whole, whatever was there; with `takesOver: false`, `CONFLICT` where a live holder defends it.
   * `lease` undefined: no lease.
   */
  put(entries: readonly Entry[], lease: Lease | undefined, call: DriverCall): Promise<void>;
  /**
   * Extends what this object holds; answers the keys that the backend no longer has, which the guard then puts. Called before other
   * content is put as well. `CONFLICT` where another holds one.
   */
  renew(keys: readonly EntryKey[], lease: Lease | undefined, call: DriverCall): Promise<readonly EntryKey[]>;
  /** Removes these keys, also of other holders within `removesOthers`; unknown keys are no error. */
  remove(keys: readonly EntryKey[], call: DriverCall): Promise<void>;
  /** All entries, or those of one service. */
  read(name: string | undefined, call: DriverCall): Promise<readonly Entry[]>;
  /** Only where it is cheaper than `read(undefined)`. */
  list?(call: DriverCall): Promise<readonly ServiceSummary[]>;
  /**
   * One connection's life: snapshot, then changes, until the signal (resolves) or the link is lost (rejects).
   * Compaction, an index that went back, a periodic re-list: reject or snapshot again.
   */
  watch(name: string | undefined, sink: WatchSink, call: DriverCall): Promise<void>;
  /** The one place that translates backend errors into `RegistryError`. */
  toError(cause: unknown): RegistryError;
  /** Withdraws of these keys what this object still holds, then frees every socket and timer. */
  close(options: { readonly withdraw: readonly EntryKey[] }, call: DriverCall): Promise<void>;
}

import type { Instance, InstanceKey } from './instance.ts';

/** How often an idle watch sends a heartbeat. Milliseconds. */
export const heartbeatMs = 2_000;

/**
 * Events of `GET /api/watch`. `id` is `<epoch>:<revision>`, longer where a token sees only a part; clients hand it back
 * as it is.
 *
 * - `snapshot` ({@link SnapshotEvent}): the whole list.
 * - `put` (an {@link Instance}): a new or changed instance, also one that became late or no longer is.
 * - `remove` ({@link RemoveEvent}): an instance that is gone.
 * - `current` ({@link CurrentEvent}): a resumed watch has caught up.
 * - `warmed`: warming is over.
 *
 * A comment comes at least every 2 s.
 */
export type WatchEventName = 'snapshot' | 'put' | 'remove' | 'current' | 'warmed';

/** Data of `snapshot`. */
export interface SnapshotEvent {
  /** The whole list: an instance that is not in it is gone. */
  readonly instances: readonly Instance[];
  /** The server is warming: a missing instance may still register again. */
  readonly warming?: true;
}

/** Data of `current`. */
export interface CurrentEvent {
  /** The server is warming: a missing instance may still register again. */
  readonly warming?: true;
}

/** Data of `remove`. */
export interface RemoveEvent extends InstanceKey {
  /** Whether a client cancelled the instance, or the server evicted it after its TTL. */
  readonly reason: 'deregistered' | 'expired';
}

import type { Instance, InstanceKey } from './instance.ts';

/** How often a watch says something when nothing happens. Milliseconds. */
export const heartbeatMs = 2_000;

/**
 * Events of `GET /api/watch`; `id` is `<epoch>:<revision>`, and more where a token sees only a part:
 * clients hand it back as it is. `snapshot` ({@link SnapshotEvent}) is the whole list, `put` (an
 * {@link Instance}) one that is new or changed (also: late or no longer), `remove` ({@link RemoveEvent}) one that is gone,
 * `current` (data: {@link CurrentEvent}) says that a resumed watch has caught up, `warmed` that warming is over. A comment comes at least every 2 s.
 */
export type WatchEventName = 'snapshot' | 'put' | 'remove' | 'current' | 'warmed';

/** Data of `snapshot`. */
export interface SnapshotEvent {
  /** The whole list: what is not in it is gone. */
  readonly instances: readonly Instance[];
  /** What is not in it may only not have registered again yet. */
  readonly warming?: true;
}

/** Data of `current`. */
export interface CurrentEvent {
  /** An absence is not to be believed yet. */
  readonly warming?: true;
}

/** Data of `remove`. */
export interface RemoveEvent extends InstanceKey {
  /** Cancelled by a client, or evicted after its TTL. */
  readonly reason: 'deregistered' | 'expired';
}

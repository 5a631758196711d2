import type { InstanceRef } from './instance-ref.ts';
import type { Admission } from './registration.ts';

/**
 * An instance on the roll. It is replaced at each change and never altered, except for `renewedAt`. Times are
 * wall-clock milliseconds.
 */
export interface Instance extends Omit<Admission, 'dirtyAt' | 'status'> {
  readonly status: 'up' | 'out';
  readonly dirtyAt: number;
  readonly registeredAt: number;
  /** The time since which the instance's status is `up`. While it is `out`: the time of the last registration. */
  readonly upAt: number;
  /** Moves with every renewal, without a change of the roll. */
  renewedAt: number;
  readonly changedAt: number;
  /** Whether the instance has not renewed for 1.25 of its own intervals. */
  readonly late: boolean;
}

/** The instance to store for a registration. It keeps the times of an earlier registration. */
export function newInstance(
  admission: Admission,
  ref: InstanceRef,
  earlier: Instance | undefined,
  wallNow: number,
): Instance {
  const status = admission.status ?? earlier?.status ?? 'up';
  const staysUp = earlier?.status === 'up' && status === 'up';
  const { content, bytes, version, isUsable, ttlMs, renewIntervalMs } = admission;
  // No spread: for so many fields it takes several times as long and leaves two kilobytes of garbage.
  return {
    env: ref.env,
    service: ref.service,
    id: ref.id,
    content,
    bytes,
    version,
    isUsable,
    ttlMs,
    renewIntervalMs,
    status,
    dirtyAt: admission.dirtyAt ?? wallNow,
    registeredAt: earlier?.registeredAt ?? wallNow,
    upAt: staysUp ? earlier.upAt : wallNow,
    renewedAt: wallNow,
    changedAt: wallNow,
    late: earlier?.late ?? false,
  };
}

/** Whether watchers would see no difference: everything is equal except leases and times. */
export const sameContent = (a: Instance, b: Instance): boolean =>
  a.content === b.content && a.status === b.status && a.late === b.late;

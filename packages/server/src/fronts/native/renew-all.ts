import type { Envelope, RenewLeasesAnswer, RenewLeasesRequest } from '@rollcall/protocol';
import type { Caller } from '../../access/caller.ts';
import { envelope, type NativeContext } from './envelope.ts';
import type { HeldLeases } from './held-leases.ts';
import { writeRenewal } from './native-mapping.ts';

/** What renewals by handle translate for. */
export interface RenewContext extends NativeContext {
  readonly leases: HeldLeases;
}

/** Renews what a body of `PUT /leases` names; a promise where the answer has to wait for the disk. */
export function renewAll(
  context: RenewContext,
  caller: Caller,
  items: RenewLeasesRequest,
): Envelope<RenewLeasesAnswer> | Promise<Envelope<RenewLeasesAnswer>> {
  const { leases } = context;
  const renewals = items.map((item) => {
    if (typeof item === 'number') return leases.renew(caller, { handle: item });
    if (item.length === 2) return leases.renew(caller, { handle: item[0], secret: item[1] });
    const [handle, ttlMs, renewIntervalMs, secret] = item;
    return leases.renew(caller, { handle, secret }, { ttlMs, renewIntervalMs });
  });
  const refused = items.filter((_, index) => renewals[index] !== 'renewed').map(handleOf);
  return whenTold(context, refused, () => envelope(context, { statuses: renewals.map(writeRenewal) }));
}

const handleOf = (item: RenewLeasesRequest[number]): number => (typeof item === 'number' ? item : item[0]);

/**
 * Gives the answer at once, unless a refused handle reveals a change that is not durable yet: then a promise of the
 * answer. A renewed handle reveals nothing new.
 */
export function whenTold<T>(
  { roll, durability }: NativeContext,
  refused: readonly number[],
  answer: () => T,
): T | Promise<T> {
  const waits = refused.some((handle) => {
    const ref = roll.instanceOf(handle);
    return ref !== undefined && durability.isPending(ref);
  });
  const written = waits ? durability.written() : undefined;
  return written === undefined ? answer() : written.then(answer);
}

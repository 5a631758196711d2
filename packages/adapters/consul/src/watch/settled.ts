import { pause } from '@rollcall/core/adapter';
import { machineGraceMs, pollFloorMs } from '../consul-options.ts';
import type { WatchContext } from './follow.ts';
import type { Roll } from './roll.ts';

/**
 * The roll of a service once its machines are back. After an outage the servers call a machine dead until it has
 * rejoined, and all its services with it, although each passes its own check; watchers must not hear that they are
 * gone. The wait is bounded, and a machine that stays dead is told then.
 */
export async function settled(context: WatchContext, first: Roll, read: () => Promise<Roll>): Promise<Roll> {
  const { clock, sink, signal, isAfterOutage } = context;
  if (!isAfterOutage) return first;
  const deadline = clock.now() + machineGraceMs;
  let roll = first;
  while (clock.now() < deadline && [...roll.values()].some(({ live, passing }) => !live && passing)) {
    sink.alive();
    await pause(clock, pollFloorMs, signal);
    roll = await read();
  }
  return roll;
}

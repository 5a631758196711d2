import { pause } from '@rollcall/core/adapter';
import { machineGraceMs, pollFloorMs } from '../consul-options.ts';
import type { WatchContext } from './follow.ts';
import type { Roll } from './roll.ts';

/**
 * The roll of a service once its machines are back. After an outage the servers call a machine dead until it has rejoined,
 * and all of its services with it, although each passes its own check: a watcher must not be told that they are gone. The
 * wait is bounded; a machine that is really dead is told then.
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

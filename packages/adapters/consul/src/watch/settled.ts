import { pause } from '@rollcall/core/adapter';
import { machineGraceMs, pollFloorMs } from '../consul-options.ts';
import type { WatchContext } from './follow.ts';
import type { Roll } from './roll.ts';

/**
 * The roll of a service once its machines are back. After an outage the servers call a machine and its services dead
 * until the machine has rejoined, although each service passes its own check. Watchers must not hear a delete of them
 * meanwhile, so the read waits. The wait is bounded; after it, nodes of a machine that is still dead count as gone.
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

import { aborted, type WatchSink } from '@rollcall/core/adapter';
import type { Roll } from './roll.ts';

/** Snapshot, then changes, until the signal. A roll in memory is never lost, so this never rejects. */
export async function watchRoll(
  roll: Roll,
  name: string | undefined,
  sink: WatchSink,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  sink.snapshot(roll.read(name));
  const unsubscribe = roll.subscribe(name, sink);
  await aborted(signal);
  unsubscribe();
}

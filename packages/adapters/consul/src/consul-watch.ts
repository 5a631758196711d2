import { bounded, type WatchContext } from './watch/follow.ts';
import { watchEverything } from './watch/watch-everything.ts';
import { watchService } from './watch/watch-service.ts';

/** One connection's life: resolves by the signal; rejects when the agent or its servers are lost or silent. */
export async function watchConsul(name: string | undefined, context: WatchContext): Promise<void> {
  try {
    // A probe fails during an election. A read would wait longer for the election than a watch may, and look like a
    // slow read.
    await bounded(context, context.signal, ({ signal }) => context.link.probe(signal));
    await (name === undefined ? watchEverything(context) : watchService(name, context));
  } catch (cause) {
    if (!context.signal.aborted) throw cause;
  }
}

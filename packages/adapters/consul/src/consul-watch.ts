import { bounded, type WatchContext } from './watch/follow.ts';
import { watchEverything } from './watch/watch-everything.ts';
import { watchService } from './watch/watch-service.ts';

/** One connection's life: resolves by the signal, rejects when the agent or its servers are lost, silent ones included. */
export async function watchConsul(name: string | undefined, context: WatchContext): Promise<void> {
  try {
    // A read would wait for an election for longer than a watch does, and pass for a slow read.
    await bounded(context, context.signal, ({ signal }) => context.link.probe(signal));
    await (name === undefined ? watchEverything(context) : watchService(name, context));
  } catch (cause) {
    if (!context.signal.aborted) throw cause;
  }
}

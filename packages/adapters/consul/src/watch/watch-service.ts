import { aborted } from '@rollcall/core/adapter';
import { isPath } from '../catalog/catalog-reader.ts';
import { open, type WatchContext } from './follow.ts';
import { liveEntries, type Roll, rollOf, tellChanges } from './roll.ts';

/** One blocking query for one service; the guard shares it among the watchers of the name. */
export async function watchService(name: string, context: WatchContext): Promise<void> {
  const { link, reader, logger, sink, signal } = context;
  let roll: Roll = new Map();
  const { first, follow } = await open(context, signal, {
    read: (query) => reader.read(link, name, query, logger),
    tell: ({ instances }) => {
      const now = rollOf(instances);
      tellChanges(sink, roll, now);
      roll = now;
    },
  });
  roll = rollOf(first.instances);
  sink.snapshot(liveEntries([roll]));
  if (isPath(name)) await follow(signal);
  // Consul's paths cannot say the name, so no instance can have been registered under it.
  else await aborted(signal);
}

import { aborted } from '@rollcall/core/adapter';
import type { Query } from '../agents/agent-link.ts';
import { isPath, type Reading } from '../catalog/catalog-reader.ts';
import { bounded, open, type WatchContext } from './follow.ts';
import { liveEntries, type Roll, rollOf, tellChanges } from './roll.ts';
import { settled } from './settled.ts';

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
  const readAgain = (query: Query): Promise<Reading> => reader.read(link, name, query, logger);
  roll = await settled(context, rollOf(first.instances), async () =>
    rollOf((await bounded(context, signal, readAgain, { consistent: true })).instances),
  );
  sink.snapshot(liveEntries([roll]));
  if (isPath(name)) await follow(signal);
  // Consul's paths cannot carry the name, so no instance can have been registered under it.
  else await aborted(signal);
}

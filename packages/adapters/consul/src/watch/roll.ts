import type { WatchSink } from '@rollcall/core/adapter';
import { type Instance, withoutDoubles } from '../consul-mapping.ts';

/** One service as read: its nodes by key, each once, dead ones included. */
export type Roll = ReadonlyMap<string, Instance>;

/** The roll as it was read. */
export const rollOf = (instances: readonly Instance[]): Roll => withoutDoubles(instances);

/**
 * Tells watchers what changed between two states. A node that turned critical has expired. A node that is missing from
 * the later state was deregistered.
 */
export function tellChanges(sink: WatchSink, before: Roll, after: Roll): void {
  for (const [key, { live, entry }] of before) {
    const now = after.get(key);
    if (!live || now?.live === true) continue;
    sink.remove({ name: entry.name, id: entry.node.id }, now === undefined ? 'deregistered' : 'expired');
  }
  for (const [key, instance] of after) if (instance.live && before.get(key) !== instance) sink.put(instance.entry);
}

/** The entries that are on the roll. */
export const liveEntries = (rolls: Iterable<Roll>): readonly Instance['entry'][] =>
  [...rolls].flatMap((roll) => [...roll.values()].filter(({ live }) => live).map(({ entry }) => entry));

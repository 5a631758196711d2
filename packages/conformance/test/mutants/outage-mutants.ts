import type { Service } from '@rollcall/core';
import type { Entry } from '@rollcall/core/adapter';
import { done, eager, type Mutant, tells, watcher, withDriver, withWatcher } from './mutant.ts';

/** Mutants whose watchers make mistakes when the backend is lost. */
export const outageMutants: readonly Mutant[] = [
  {
    name: 'replays the state of its first snapshot when it reconnects',
    caughtBy: 'wiped backend: a watcher hears the delete of a wiped node that is not registered again',
    open: withDriver((inner) => {
      let first: readonly Entry[] | undefined;
      return {
        watch: (name, sink, call) => {
          const snapshot = (entries: readonly Entry[]): void => {
            if (first === undefined || first.length === 0) first = entries;
            sink.snapshot(first);
          };
          const put = (entry: Entry): void => {
            first = [...(first ?? []), entry];
            sink.put(entry);
          };
          return inner.watch(name, { ...sink, snapshot, put }, call);
        },
      };
    }),
  },
  {
    name: 'tells no difference after an outage, only what comes later',
    caughtBy: 'outage: a watcher that was cut off hears what changed meanwhile',
    open: withDriver((inner) => {
      let told: Map<string, Entry> | undefined;
      return {
        watch: (name, sink, call) =>
          inner.watch(
            name,
            {
              alive: () => sink.alive(),
              snapshot: (entries) => {
                told ??= new Map(entries.map((entry) => [entry.node.id, entry]));
                sink.snapshot([...told.values()]);
              },
              put: (entry) => {
                told?.set(entry.node.id, entry);
                sink.put(entry);
              },
              remove: (key, reason) => {
                told?.delete(key.id);
                sink.remove(key, reason);
              },
            },
            call,
          ),
      };
    }),
  },
  {
    name: 'tells of an outage that is over',
    caughtBy: 'coalescing: an outage that ends before a consumer reads its interrupted event is not told',
    open: withWatcher(eager),
  },
  {
    name: 'a lost backend ends a watcher',
    caughtBy: 'outage: a watcher hears changes after an outage',
    open: withWatcher((inner) => {
      let lost = false;
      return watcher(
        async () => {
          if (lost) return done;
          const result = await inner.next();
          lost = result.value?.type === 'interrupted';
          return result;
        },
        () => inner.return(),
      );
    }),
  },
  {
    name: 'an outage empties the state',
    caughtBy: 'outage: an outage is one interrupted event and no delete',
    open: withWatcher((inner) => {
      const told = new Map<string | undefined, Service>();
      return tells(inner, (event) => {
        if ('service' in event) told.set(event.service.nodes[0]?.id, event.service);
        if (event.type !== 'interrupted') return [event];
        const gone = [...told.values()].map((service) => ({ type: 'delete', service, reason: 'unknown' }) as const);
        return [...gone, event];
      });
    }),
  },
  {
    name: 'says nothing of an outage',
    caughtBy: 'outage: an outage is one interrupted event and no delete',
    open: withWatcher((inner) => tells(inner, (event) => (event.type === 'interrupted' ? [] : [event]))),
  },
  {
    name: 'never says that it is synced again',
    caughtBy: 'outage: after an outage a watcher hears the difference, then synced',
    open: withWatcher((inner) => {
      let lost = false;
      return tells(inner, (event) => {
        lost ||= event.type === 'interrupted';
        return lost && event.type === 'synced' ? [] : [event];
      });
    }),
  },
  {
    name: 'tells of an outage as often as it was tried',
    caughtBy: 'coalescing: a long outage is one interrupted event, however many reconnects fail',
    open: withWatcher(eager),
  },
];

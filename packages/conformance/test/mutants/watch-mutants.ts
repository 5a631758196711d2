import { RegistryError, type Service, type WatchEvent } from '@rollcall/core';
import { eager, type Mutant, sinking, tells, watcher, withDriver, withRegistry, withWatcher } from './mutant.ts';

/** Mutants with mistakes that adapters make about the events of a watcher. */
export const watchMutants: readonly Mutant[] = [
  {
    name: 'tells no initial state',
    caughtBy: 'watch: a watch begins with the current state as creates, then synced',
    open: sinking((sink) => ({ snapshot: () => sink.snapshot([]) })),
  },
  {
    name: 'tells synced before the creates',
    caughtBy: 'watch: a watch begins with the current state as creates, then synced',
    open: withWatcher((inner) => {
      let first = true;
      return tells(inner, (event) => {
        if (event.type === 'synced') return [];
        const early: WatchEvent[] = first ? [{ type: 'synced' }] : [];
        first = false;
        return [...early, event];
      });
    }),
  },
  {
    name: 'drops the second event of a batch',
    caughtBy: 'watch: every event carries one node, also when many are written or removed at once',
    open: sinking((sink) => {
      let batch = 0;
      return {
        put(entry) {
          batch += 1;
          if (batch !== 2) sink.put(entry);
          queueMicrotask(() => {
            batch = 0;
          });
        },
      };
    }),
  },
  {
    name: 'misses what happens between snapshot and changes',
    caughtBy: 'watch: a watcher misses no change between snapshot and changes',
    open: sinking((sink) => {
      let ready = false;
      return {
        snapshot(entries) {
          sink.snapshot(entries);
          setTimeout(() => {
            ready = true;
          }, 3);
        },
        put: (entry) => ready && sink.put(entry),
        remove: (key, reason) => ready && sink.remove(key, reason),
      };
    }),
  },
  {
    name: 'deletes without a reason',
    caughtBy: 'watch: deregister is a delete event with the reason deregistered and the node as it was',
    open: sinking((sink) => ({ remove: (key) => sink.remove(key) })),
  },
  {
    name: 'a delete carries what the caller passed',
    caughtBy: 'watch: deregister is a delete event with the reason deregistered and the node as it was',
    open: withWatcher((inner) =>
      tells(inner, (event) =>
        event.type === 'delete'
          ? [
              {
                ...event,
                service: { ...event.service, nodes: event.service.nodes.map((node) => ({ ...node, metadata: {} })) },
              },
            ]
          : [event],
      ),
    ),
  },
  {
    name: 'an event carries all nodes of the service',
    caughtBy: 'watch: every event carries one node, also when many are written or removed at once',
    open: withWatcher((inner, registry) =>
      tells(inner, async (event) => {
        if (!('service' in event) || event.type === 'delete') return [event];
        const all = await registry.getService(event.service.name);
        return [{ ...event, service: all.find((one) => one.version === event.service.version) ?? event.service }];
      }),
    ),
  },
  {
    name: 'an event carries the metadata of the smallest id',
    caughtBy: 'watch: an event carries the metadata and endpoints of its own node',
    open: withWatcher((inner, registry) =>
      tells(inner, async (event) => {
        if (!('service' in event)) return [event];
        const [first] = await registry.getService(event.service.name);
        return [{ ...event, service: { ...event.service, metadata: first?.metadata ?? {} } as Service }];
      }),
    ),
  },
  {
    name: 'an update is a delete and a create',
    caughtBy: 'watch: a change of version is an update, never a delete',
    open: withWatcher((inner) =>
      tells(inner, (event) =>
        event.type === 'update'
          ? [
              { type: 'delete', service: event.service, reason: 'deregistered' },
              { ...event, type: 'create' },
            ]
          : [event],
      ),
    ),
  },
  {
    name: 'every change is a create',
    caughtBy: 'watch: changed content is an update event with the new content',
    open: withWatcher((inner) =>
      tells(inner, (event) => (event.type === 'update' ? [{ ...event, type: 'create' }] : [event])),
    ),
  },
  {
    name: 'ignores a change of endpoints and version',
    caughtBy: 'watch: a change of address, metadata, endpoints or version is an update event',
    open: withWatcher((inner) => {
      const told = new Map<string, string>();
      return tells(inner, (event) => {
        if (!('service' in event)) return [event];
        const [node] = event.service.nodes;
        const same = event.type === 'update' && told.get(node?.id ?? '') === JSON.stringify(node);
        told.set(node?.id ?? '', JSON.stringify(node));
        return same ? [] : [event];
      });
    }),
  },
  {
    name: 'tells a watcher of one service about all',
    caughtBy: 'watch: a watcher of one service hears of no other service',
    open: withRegistry((inner) => ({
      watch: (options) => {
        if (options?.name !== undefined) inner.watch({ name: options.name });
        return inner.watch(options?.signal ? { signal: options.signal } : {});
      },
    })),
  },
  {
    name: 'has no wildcard watch',
    caughtBy: 'watch: a watcher without a name hears of all services',
    open: withDriver((inner) => ({
      watch: (name, sink, call) => inner.watch(name ?? 'all', sink, call),
    })),
  },
  {
    name: 'starts before the first next',
    caughtBy: 'watch: a watch starts at the first next',
    open: withWatcher((inner) => {
      const first = inner.next();
      let used = false;
      return watcher(
        () => {
          const answer = used ? inner.next() : first;
          used = true;
          return answer;
        },
        () => inner.return(),
      );
    }),
  },
  {
    name: 'queues every event without bound',
    caughtBy: 'coalescing: a consumer that sleeps while every node changes many times has one pending event per node',
    open: withWatcher(eager),
  },
  {
    name: 'tells of a node that came and went meanwhile',
    caughtBy: 'coalescing: a pending create and delete become no event',
    open: withWatcher(eager),
  },
  {
    name: 'watches only names that could be registered',
    caughtBy: 'watch: watch takes names that register would refuse',
    open: withRegistry((inner) => ({
      watch: (options) => {
        if (/[^a-z0-9._-]/.test(options?.name ?? '')) throw new RegistryError('INVALID_ARGUMENT', 'name is not a name');
        return inner.watch(options);
      },
    })),
  },
];

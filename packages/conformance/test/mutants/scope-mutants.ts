import type { Service, WatchEvent } from '@rollcall/core';
import { type Entry, keyOf } from '@rollcall/core/adapter';
import type { Warehouse } from '../shelf/shelf-registry.ts';
import { type Mutant, sinking, tells, withDriver, withWatcher } from './mutant.ts';

/** A watcher that replaces its events by those of `change` from an outage until `synced`. */
const recovering = (change: (event: WatchEvent) => readonly WatchEvent[]): Mutant['open'] =>
  withWatcher((inner) => {
    let lost = false;
    return tells(inner, (event) => {
      const told = lost ? change(event) : [event];
      if (event.type === 'interrupted') lost = true;
      if (event.type === 'synced') lost = false;
      return told;
    });
  });

const memories = new WeakMap<Warehouse, Map<string, Entry>>();

/** Returns the nodes that the broken backend remembers. */
function remembered(warehouse: Warehouse): Map<string, Entry> {
  const known = memories.get(warehouse) ?? new Map<string, Entry>();
  memories.set(warehouse, known);
  return known;
}

/** Mutants with mistakes that adapters make about the scope of a watch and the end of an outage. */
export const scopeMutants: readonly Mutant[] = [
  {
    name: 'a second watch of another name deafens the first',
    caughtBy: 'watch scope: a second watch, of another name, does not disturb the first',
    open: withDriver((inner) => {
      let current: string | undefined;
      return {
        watch(name, sink, call) {
          current = name;
          const heard = (): boolean => name === current;
          const put = (entry: Entry): void => void (heard() && sink.put(entry));
          return inner.watch(name, { ...sink, put }, call);
        },
      };
    }),
  },
  {
    name: 'names with a dot are missing from the wildcard',
    caughtBy: 'watch scope: names with dots, dashes and underscores are told to a watcher of all services',
    open: withDriver((inner) => ({
      watch: (name, sink, call) =>
        inner.watch(
          name,
          {
            alive: () => sink.alive(),
            snapshot: (entries) =>
              sink.snapshot(name === undefined ? entries.filter((entry) => !entry.name.includes('.')) : entries),
            put: (entry) => void ((name !== undefined || !entry.name.includes('.')) && sink.put(entry)),
            remove: (key, reason) => sink.remove(key, reason),
          },
          call,
        ),
    })),
  },
  {
    name: 'a delete carries the first state that was told',
    caughtBy: 'watch scope: a delete carries the last state of the node, not an earlier one',
    open: withWatcher((inner) => {
      const first = new Map<string | undefined, Service>();
      return tells(inner, (event) => {
        if (!('service' in event)) return [event];
        const id = event.service.nodes[0]?.id;
        if (event.type === 'create') first.set(id, event.service);
        return event.type === 'delete' ? [{ ...event, service: first.get(id) ?? event.service }] : [event];
      });
    }),
  },
  {
    name: 'a late watcher is shown what expired',
    caughtBy: 'watch scope: a watcher that begins after an expiry is not told of the expired node',
    open: withDriver((inner, warehouse) => {
      const expired = remembered(warehouse);
      return {
        watch: (name, sink, call) => {
          const seen = new Map<string, Entry>();
          return inner.watch(
            name,
            {
              alive: () => sink.alive(),
              snapshot: (entries) => sink.snapshot([...entries, ...expired.values()]),
              put: (entry) => {
                seen.set(entry.node.id, entry);
                expired.delete(entry.node.id);
                sink.put(entry);
              },
              remove: (key, reason) => {
                const last = seen.get(key.id);
                if (reason === 'expired' && last !== undefined) expired.set(key.id, last);
                sink.remove(key, reason);
              },
            },
            call,
          );
        },
      };
    }),
  },
  {
    name: 'a late watcher is shown what was deregistered',
    caughtBy: 'watch scope: a watcher that begins after a deregistration is not told of the node',
    open: withDriver((inner, warehouse) => {
      const ever = remembered(warehouse);
      return {
        watch: (name, sink, call) =>
          inner.watch(
            name,
            {
              ...sink,
              alive: () => sink.alive(),
              snapshot: (entries) => {
                for (const entry of entries) ever.set(keyOf(entry.name, entry.node.id), entry);
                sink.snapshot([...ever.values()].filter((entry) => name === undefined || entry.name === name));
              },
              put: (entry) => {
                ever.set(keyOf(entry.name, entry.node.id), entry);
                sink.put(entry);
              },
            },
            call,
          ),
      };
    }),
  },
  {
    name: 'tells a part of a large state after synced',
    caughtBy: 'large state: a service of many nodes is read whole, and a watcher is told the whole before synced',
    open: sinking((sink) => ({
      alive: () => sink.alive(),
      snapshot(entries) {
        sink.snapshot(entries.slice(0, 256));
        for (const entry of entries.slice(256)) setImmediate(() => sink.put(entry));
      },
    })),
  },
  {
    name: 'cuts a snapshot at 500 nodes',
    caughtBy: 'large state: a service of many nodes is read whole, and a watcher is told the whole before synced',
    open: sinking((sink) => ({ snapshot: (entries) => sink.snapshot(entries.slice(0, 500)) })),
  },
  {
    name: 'reads the first page only',
    caughtBy: 'large state: a service of many nodes is read whole, and a watcher is told the whole before synced',
    open: withDriver((inner) => ({
      read: async (name, call) => (await inner.read(name, call)).slice(0, 512),
    })),
  },
  {
    name: 'lists the first page only',
    caughtBy: 'large state: many services are listed whole, and a watcher of all is told the whole before synced',
    open: withDriver((inner) => ({
      list: async (call) =>
        (await inner.read(undefined, call)).slice(0, 100).map(({ name, version }) => ({ name, versions: [version] })),
    })),
  },
  {
    name: 'loses the first create after an outage',
    caughtBy: 'outage: a watcher hears of the first node after the synced that ends an outage',
    open: withDriver((inner) => {
      let life = 0;
      return {
        watch: (name, sink, call) => {
          life += 1;
          let deaf = life > 1;
          const put = (entry: Entry): void => {
            if (deaf) deaf = false;
            else sink.put(entry);
          };
          return inner.watch(name, { ...sink, put }, call);
        },
      };
    }),
  },
  {
    name: 'tells synced before the deletes of an outage',
    caughtBy: 'outage: after an outage deletes come before synced',
    open: withWatcher((inner) => {
      let lost = false;
      const deletes: WatchEvent[] = [];
      return tells(inner, (event) => {
        if (event.type === 'interrupted') lost = true;
        if (lost && event.type === 'delete') {
          deletes.push(event);
          return [];
        }
        if (event.type !== 'synced') return [event];
        lost = false;
        return [event, ...deletes.splice(0)];
      });
    }),
  },
  {
    name: 'tells what an outage changed as a delete and a create',
    caughtBy: 'outage: a node that changed across an outage is an update, not a delete and a create',
    open: recovering((event) =>
      event.type === 'update'
        ? [
            { type: 'delete', service: event.service, reason: 'unknown' },
            { type: 'create', service: event.service },
          ]
        : [event],
    ),
  },
];

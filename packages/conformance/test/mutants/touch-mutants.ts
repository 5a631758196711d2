import type { Service } from '@rollcall/core';
import { type Entry, keyOf, type Lease } from '@rollcall/core/adapter';
import { openShelf, type Warehouse } from '../shelf/shelf-registry.ts';
import { type Mutant, withDriver, withRegistry } from './mutant.ts';

/** The versions that have ever been registered on each warehouse, by service. */
const leasedVersions = new WeakMap<Warehouse, Map<string, Set<string>>>();

/** The last lease of each node on each warehouse. */
const leases = new WeakMap<Warehouse, Map<string, Lease>>();

/** A driver that remembers leases and renews them at a read, a list or a snapshot. */
const extending = (on: 'read' | 'list' | 'watch'): Mutant['open'] =>
  withDriver((inner, warehouse) => {
    const known = leases.get(warehouse) ?? new Map<string, Lease>();
    leases.set(warehouse, known);
    const extend = (entries: readonly Entry[]): void => {
      for (const { name, node } of entries) {
        const lease = known.get(keyOf(name, node.id));
        if (lease !== undefined) warehouse.shelf().renew({ name, id: node.id }, lease);
      }
    };
    return {
      async put(entries, lease, call) {
        if (lease !== undefined) for (const { name, node } of entries) known.set(keyOf(name, node.id), lease);
        await inner.put(entries, lease, call);
      },
      async read(name, call) {
        const entries = await inner.read(name, call);
        if (on === 'read') extend(entries);
        return entries;
      },
      async list(call) {
        const entries = await inner.read(undefined, call);
        if (on === 'list') extend(entries);
        const versions = new Map<string, Set<string>>();
        for (const { name, version } of entries) versions.set(name, (versions.get(name) ?? new Set()).add(version));
        return [...versions].map(([name, all]) => ({ name, versions: [...all] }));
      },
      watch: (name, sink, call) =>
        inner.watch(
          name,
          {
            ...sink,
            alive: () => sink.alive(),
            snapshot(entries) {
              if (on === 'watch') extend(entries);
              sink.snapshot(entries);
            },
          },
          call,
        ),
    };
  });

/** A registry that answers reads from a cache for `ms` milliseconds. */
const caching = (ms: number): Mutant['open'] =>
  withRegistry((inner, { clock }) => {
    const cache = new Map<string, { readonly at: number; readonly services: readonly Service[] }>();
    return {
      async getService(name, options) {
        const known = cache.get(name);
        if (known !== undefined && clock.now() - known.at < ms) return known.services;
        const services = await inner.getService(name, options);
        cache.set(name, { at: clock.now(), services });
        return services;
      },
    };
  });

/**
 * Mutants with mistakes that adapters make about leases that no call renews, and about reads that began before a write.
 */
export const touchMutants: readonly Mutant[] = [
  {
    name: 'a read extends a lease',
    caughtBy: 'what leaves a lease alone: reads do not extend a lease',
    open: extending('read'),
  },
  {
    name: 'a list extends leases',
    caughtBy: 'what leaves a lease alone: lists do not extend a lease',
    open: extending('list'),
  },
  {
    name: 'a snapshot extends leases',
    caughtBy: 'what leaves a lease alone: the first state of a watcher does not extend a lease',
    open: extending('watch'),
  },
  {
    name: 'a register extends the leases of a whole service',
    caughtBy: 'what leaves a lease alone: a register of a sibling does not extend a lease',
    open: withDriver((inner, warehouse) => ({
      async renew(keys, lease, call) {
        for (const { name, node } of warehouse.shelf().read(keys[0]?.name))
          warehouse.shelf().renew({ name, id: node.id }, lease);
        return inner.renew(keys, lease, call);
      },
    })),
  },
  {
    name: 'three renew intervals are the TTL',
    caughtBy: 'what leaves a lease alone: a renew interval neither lengthens nor shortens the TTL of a node',
    open: withRegistry((inner) => ({
      register: (service, options) =>
        inner.register(
          service,
          options?.renewIntervalMs === undefined ? options : { ...options, ttlMs: options.renewIntervalMs * 3 },
        ),
    })),
  },
  {
    name: 'lists services of which all nodes expired',
    caughtBy: 'what leaves a lease alone: neither a service nor a version of which all nodes expired is listed',
    open: withRegistry((inner, warehouse) => {
      const shelf = warehouse.shelf();
      const ever = leasedVersions.get(warehouse) ?? new Map<string, Set<string>>();
      leasedVersions.set(warehouse, ever);
      return {
        async register(service, options) {
          await inner.register(service, options);
          const versions = ever.get(service.name) ?? new Set();
          ever.set(service.name, versions.add(service.version ?? ''));
        },
        async listServices(options) {
          const listed = await inner.listServices(options);
          if (shelf.records.size === 0) return listed;
          return [...ever]
            .map(([name, versions]) => ({ name, versions: [...versions].sort() }))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
        },
      };
    }),
  },
  {
    name: 'marks the punctual late',
    caughtBy: 'what leaves a lease alone: a node that is renewed in time, or has no TTL, is never late',
    open: withRegistry((inner) => ({
      getService: async (name, options) =>
        (await inner.getService(name, options)).map((service) => ({
          ...service,
          nodes: service.nodes.map((node) => ({ ...node, late: true as const })),
        })),
    })),
  },
  {
    name: 'keeps reads for 250 ms',
    caughtBy: 'freshness of reads: a read after a register of the same object shows it, also right after another read',
    open: caching(250),
  },
  {
    name: 'keeps reads of others for 250 ms',
    caughtBy: 'freshness of reads: a read of another object that begins propagationMs after a write shows it',
    open: caching(250),
  },
  {
    name: 'keeps lists for 250 ms',
    caughtBy:
      'freshness of reads: listServices shows a write of its own object at once and one of another object after propagationMs',
    open: (warehouse, options) => {
      let last: {
        readonly at: number;
        readonly answer: Promise<readonly { name: string; versions: readonly string[] }[]>;
      };
      return withRegistry((inner) => ({
        listServices(options) {
          if (last === undefined || warehouse.clock.now() - last.at > 250)
            last = { at: warehouse.clock.now(), answer: inner.listServices(options) as never };
          return last.answer;
        },
      }))(warehouse, options);
    },
  },
  {
    name: 'answers reads from a watch that lags',
    caughtBy: 'freshness of reads: a read is as fresh while the same service is watched',
    open: withDriver((inner, { clock }) => {
      const watched = new Map<string, Map<string, Entry>>();
      return {
        read: async (name, call) => {
          const seen = name === undefined ? undefined : watched.get(name);
          return seen === undefined ? inner.read(name, call) : [...seen.values()];
        },
        watch: (name, sink, call) => {
          const seen = new Map<string, Entry>();
          if (name !== undefined) watched.set(name, seen);
          return inner.watch(
            name,
            {
              alive: () => sink.alive(),
              snapshot(entries) {
                for (const entry of entries) seen.set(entry.node.id, entry);
                sink.snapshot(entries);
              },
              put(entry) {
                clock.setTimer(30, () => seen.set(entry.node.id, entry));
                sink.put(entry);
              },
              remove(key, reason) {
                clock.setTimer(30, () => seen.delete(key.id));
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
    name: 'writes changed content over the object that took the node',
    caughtBy: 'ownership: changed content from an object that lost the node is CONFLICT and writes nothing',
    open: (warehouse, options) =>
      withRegistry((inner) => {
        const written = new Map<string, string>();
        return {
          async register(service, how) {
            const text = JSON.stringify(service);
            const before = written.get(service.name);
            written.set(service.name, text);
            // The adapter checks the owner of the node only in calls that it takes for renewals.
            if (before === undefined || before === text) await inner.register(service, how);
            else await openShelf(warehouse, options).register(service, how);
          },
        };
      })(warehouse, options),
  },
];

import { RegistryError } from '@rollcall/core';
import { type Entry, type EntryKey, keyOf, type Lease, type WatchSink } from '@rollcall/core/adapter';
import { openShelf } from '../shelf/shelf-registry.ts';
import { type Mutant, withDriver, withRegistry } from './mutant.ts';

const leased = (change: (lease: Lease) => Lease | undefined): Mutant['open'] =>
  withDriver((inner) => ({
    put: (entries, lease, call) => inner.put(entries, lease && change(lease), call),
    renew: (keys, lease, call) => inner.renew(keys, lease && change(lease), call),
  }));

/** Mutants with mistakes that adapters make about leases and about the owner of a node. */
export const leaseMutants: readonly Mutant[] = [
  {
    name: 'forgets the TTL',
    caughtBy: 'ttl: reads leave out an expired node, listServices included',
    open: leased(() => undefined),
  },
  {
    name: 'expires too early',
    caughtBy: 'ttl: a node without a renewal is gone after its TTL, not before and at most expirySlackMs later',
    open: leased((lease) => ({ ...lease, ttlMs: lease.ttlMs / 2 })),
  },
  {
    name: 'expires too late',
    caughtBy: 'ttl: a node without a renewal is gone after its TTL, not before and at most expirySlackMs later',
    open: leased((lease) => ({ ...lease, ttlMs: lease.ttlMs + 1_000 })),
  },
  {
    name: 'rounds a TTL down',
    caughtBy: 'ttl: a TTL below minTtlMs is raised, and one between two steps of ttlResolutionMs is rounded up',
    open: withRegistry((inner) => ({
      get capabilities() {
        return { ...inner.capabilities, minTtlMs: 100, ttlResolutionMs: 100 };
      },
    })),
  },
  {
    name: 'expires without an event',
    caughtBy: 'ttl: an expiry is a delete with the reason expired',
    open: withDriver((inner) => ({
      watch: (name, sink, call) =>
        inner.watch(name, { ...sink, remove: (key, reason) => reason !== 'expired' && sink.remove(key, reason) }, call),
    })),
  },
  {
    name: 'calls an expiry a deregistration',
    caughtBy: 'ttl: an expiry is a delete with the reason expired',
    open: withDriver((inner) => ({
      watch: (name, sink, call) =>
        inner.watch(name, { ...sink, remove: (key) => sink.remove(key, 'deregistered') }, call),
    })),
  },
  {
    name: 'calls the deregistration of an old node an expiry',
    caughtBy: 'what leaves a lease alone: a node that is deregistered late in its TTL is told deregistered',
    open: withDriver((inner, { clock }) => ({
      watch: (name, sink, call) => {
        const putAt = new Map<string, number>();
        const put = (entry: Entry): void => {
          putAt.set(keyOf(entry.name, entry.node.id), clock.now());
          sink.put(entry);
        };
        const remove: WatchSink['remove'] = (key, reason) =>
          sink.remove(key, (putAt.get(keyOf(key.name, key.id)) ?? 0) + 50 < clock.now() ? 'expired' : reason);
        return inner.watch(name, { ...sink, put, remove }, call);
      },
    })),
  },
  {
    name: 'renews without extending',
    caughtBy: 'ttl: renewals keep a node through several TTLs',
    open: withDriver((inner) => ({
      renew: async (keys, _lease, call) => {
        const there = new Set((await inner.read(keys[0]?.name, call)).map(({ node }) => node.id));
        return keys.filter(({ id }) => !there.has(id));
      },
    })),
  },
  {
    name: 'renews with the first TTL for ever',
    caughtBy: 'ttl: a renewal with a longer or shorter TTL changes the TTL',
    open: withDriver((inner) => {
      const first = new Map<string, Lease | undefined>();
      return {
        put: (entries, lease, call) => {
          for (const { name, node } of entries) first.set(keyOf(name, node.id), lease);
          return inner.put(entries, lease, call);
        },
        renew: (keys, lease, call) => {
          const [key = { name: '', id: '' }] = keys;
          return inner.renew(keys, first.get(keyOf(key.name, key.id)) ?? lease, call);
        },
      };
    }),
  },
  {
    name: 'keeps the old lease when a node is taken over',
    caughtBy: 'ttl: the expiry of a former holder does not end the lease of the present holder',
    open: withDriver((inner, warehouse) => ({
      async put(entries, lease, call) {
        await inner.put(entries, lease, call);
        if (lease === undefined) return;
        const keys = entries.map(({ name, node }) => ({ name, id: node.id }));
        warehouse.clock.setTimer(lease.ttlMs, () => {
          for (const key of keys) warehouse.shelf().remove(key, 'expired');
        });
      },
    })),
  },
  {
    name: 'a renewal makes an event',
    caughtBy: 'renew: a renewal with the same content makes no event',
    open: withRegistry((inner) => {
      const written = new Set<string>();
      return {
        async register(service, options) {
          const key = JSON.stringify(service);
          if (written.has(key)) await inner.deregister(service);
          written.add(key);
          await inner.register(service, options);
        },
      };
    }),
  },
  {
    name: 'takes the order of metadata for content',
    caughtBy: 'renew: metadata in another order is the same content',
    open: withRegistry((inner) => {
      const written = new Map<string, string>();
      return {
        async register(service, options) {
          const text = JSON.stringify(service);
          const before = written.get(service.name);
          if (before !== undefined && before !== text) await inner.deregister(service);
          written.set(service.name, text);
          await inner.register(service, options);
        },
      };
    }),
  },
  {
    name: 'trusts its memory over the backend',
    caughtBy: 'renew: a renewal of a node that another object removed writes it again',
    open: withDriver((inner) => ({
      renew: async (keys, lease, call) => {
        await inner.renew(keys, lease, call);
        return [];
      },
    })),
  },
  {
    name: 'does not write again after a wipe',
    caughtBy: 'wiped backend: the next register of an owner writes a wiped node again, with and without a TTL',
    open: withDriver((inner) => ({
      renew: async (keys, lease, call) => {
        await inner.renew(keys, lease, call);
        return [];
      },
    })),
  },
  {
    name: 'renews what another took over',
    caughtBy: 'ownership: a renewal by an object that lost the node is CONFLICT and writes nothing',
    open: withDriver((_, warehouse) => ({
      renew: async (keys, lease) => keys.filter((key) => !warehouse.shelf().renew(key, lease)),
    })),
  },
  {
    name: 'takes back at a renewal what another took over',
    caughtBy: 'ownership: a renewal by an object that lost the node is CONFLICT and writes nothing',
    open: withDriver(() => ({ renew: async (keys) => keys })),
  },
  {
    name: 'refuses to take over, though it says it does',
    caughtBy: 'ownership: watchers see a takeover as an update, and nothing of a refused one',
    open: withDriver((inner, warehouse) => {
      const mine = new Set<string>();
      return {
        async put(entries, lease, call) {
          for (const { name, node } of entries) {
            const key = keyOf(name, node.id);
            if (!mine.has(key) && warehouse.shelf().records.has(key)) return;
            mine.add(key);
          }
          await inner.put(entries, lease, call);
        },
      };
    }),
  },
  {
    name: 'close withdraws what another took over',
    caughtBy: 'ownership: close does not withdraw what another holds',
    open: withDriver((inner) => ({
      close: async ({ withdraw }, call) => {
        await inner.remove(withdraw, call);
        await inner.close({ withdraw: [] }, call);
      },
    })),
  },
  {
    name: 'close withdraws nothing',
    caughtBy: 'lifecycle: close withdraws what this object registered',
    open: withDriver((inner) => ({ close: (_, call) => inner.close({ withdraw: [] }, call) })),
  },
  {
    name: 'close always withdraws',
    caughtBy: 'lifecycle: close({ withdraw: false }) leaves the entries',
    open: withRegistry((inner) => ({ close: () => inner.close() })),
  },
  {
    name: 'close leaves an orphan that was being written',
    caughtBy: 'lifecycle: close right after the start of a register leaves no node behind',
    open: withDriver((inner, warehouse) => ({
      put: async (entries, lease, call) => {
        await inner.put(entries, lease, call);
        setTimeout(() => {
          for (const entry of entries) warehouse.shelf().put(entry, { alive: true }, lease);
        }, 5);
      },
    })),
  },
  {
    name: 'loses one key of several at a renewal',
    caughtBy: 'renew: a renewal of two nodes, one of them removed, writes the removed one again',
    open: withDriver((inner) => ({
      renew: async (keys, lease, call) => {
        const lost: readonly EntryKey[] = await inner.renew(keys, lease, call);
        return lost.length === keys.length ? lost : [];
      },
    })),
  },
  {
    name: 'close withdraws only what was acknowledged',
    caughtBy: 'frozen backend: a write whose answer was lost is withdrawn by close',
    open: withDriver((inner) => {
      const acknowledged = new Set<string>();
      return {
        async put(entries, lease, call) {
          await inner.put(entries, lease, call);
          for (const { name, node } of entries) acknowledged.add(keyOf(name, node.id));
        },
        close: ({ withdraw }, call) =>
          inner.close({ withdraw: withdraw.filter(({ name, id }) => acknowledged.has(keyOf(name, id))) }, call),
      };
    }),
  },
  {
    name: 'holds a grudge: what it once had it never takes over',
    caughtBy: 'ownership: an object that deregistered its node can take it over again',
    open: withDriver((inner, warehouse) => {
      const had = new Set<string>();
      return {
        async put(entries, lease, call) {
          for (const { name, node } of entries) {
            const key = keyOf(name, node.id);
            if (had.has(key) && warehouse.shelf().records.has(key))
              throw new RegistryError('CONFLICT', `${node.id} is held`);
            had.add(key);
          }
          await inner.put(entries, lease, call);
        },
      };
    }),
  },
  {
    name: 'arms a timer with more than it can take',
    caughtBy: 'ttl: a TTL longer than the longest timer of the platform does not expire early',
    open: leased((lease) => ({ ...lease, ttlMs: lease.ttlMs > 2 ** 31 - 1 ? 1 : lease.ttlMs })),
  },
  {
    name: 'raises a TTL in silence',
    caughtBy: 'ttl: a registry logs that it raised a TTL',
    open: (warehouse, options) => openShelf(warehouse, { ...options, logger: undefined }),
  },
  {
    name: 'forgets its leases when it restarts',
    caughtBy: 'outage: a node whose owner fell silent during an outage expires after it',
    open: (warehouse, options) => {
      const shelf = warehouse.shelf();
      shelf.start = async () => {
        for (const { cancel } of shelf.records.values()) cancel();
        await Object.getPrototypeOf(shelf).start.call(shelf);
      };
      return openShelf(warehouse, options);
    },
  },
];

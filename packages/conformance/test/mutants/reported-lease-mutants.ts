import type { DeleteReason } from '@rollcall/core';
import { type Entry, type EntryKey, entryKey, keyOf, type Lease, type RegistryDriver } from '@rollcall/core/adapter';
import type { Warehouse } from '../shelf/shelf-registry.ts';
import { type Mutant, withDriver, withRegistry } from './mutant.ts';

const keyOfEntry = ({ name, node }: Entry): string => keyOf(name, node.id);
const keyOfKey = ({ name, id }: EntryKey): string => keyOf(name, id);

/** A driver that remembers which nodes it wrote under a lease, and the lease of each. */
const withLeases = (
  part: (
    inner: RegistryDriver,
    leases: Map<string, { readonly key: EntryKey; readonly lease: Lease }>,
    warehouse: Warehouse,
  ) => Partial<RegistryDriver>,
): Mutant['open'] =>
  withDriver((inner, warehouse) => {
    const leases = new Map<string, { readonly key: EntryKey; readonly lease: Lease }>();
    const noting: RegistryDriver = {
      ...inner,
      async put(entries, lease, call) {
        await inner.put(entries, lease, call);
        for (const entry of entries) {
          if (lease === undefined) leases.delete(keyOfEntry(entry));
          else leases.set(keyOfEntry(entry), { key: entryKey(entry), lease });
        }
      },
    };
    return { put: noting.put, ...part(noting, leases, warehouse) };
  });

/**
 * A backend that knows the owner of a node by a handle, and forgets the handle when the node leaves for this reason.
 */
const forgettingHolders = (forgotten: DeleteReason): Mutant['open'] =>
  withDriver((inner, warehouse) => {
    const lost = new Set<string>();
    const shelf = warehouse.shelf();
    void shelf.watch(
      undefined,
      {
        alive() {},
        snapshot() {},
        put() {},
        remove: (key, reason) => void (reason === forgotten && lost.add(keyOfKey(key))),
      },
      new AbortController().signal,
    );
    return {
      async put(entries, lease, call) {
        await inner.put(entries, lease, call);
        for (const entry of entries) lost.delete(keyOfEntry(entry));
      },
      async renew(keys, lease, call) {
        const known = keys.filter((key) => !lost.has(keyOfKey(key)));
        const gone = keys.filter((key) => lost.has(keyOfKey(key)));
        return [...gone, ...(await inner.renew(known, lease, call))];
      },
    };
  });

/**
 * Mutants with mistakes that users of other registries reported about leases and writes.
 * A comment in each names or describes the mistake.
 */
export const reportedLeaseMutants: readonly Mutant[] = [
  {
    // alibaba/nacos#1733: of two registers, the heartbeat of the first goes on after the deregistration.
    name: 'a node that was registered twice comes back after its deregistration',
    caughtBy: 'watch: every event carries one node, also when many are written or removed at once',
    open: withDriver((inner, warehouse) => {
      const times = new Map<string, number>();
      const last = new Map<string, Entry>();
      return {
        async put(entries, lease, call) {
          await inner.put(entries, lease, call);
          for (const entry of entries) {
            times.set(keyOfEntry(entry), (times.get(keyOfEntry(entry)) ?? 0) + 1);
            last.set(keyOfEntry(entry), entry);
          }
        },
        async remove(keys, call) {
          await inner.remove(keys, call);
          for (const key of keys) {
            const entry = last.get(keyOfKey(key));
            if ((times.get(keyOfKey(key)) ?? 0) < 2 || entry === undefined) continue;
            warehouse.clock.setTimer(5, () => warehouse.shelf().put(entry, { alive: true }, undefined));
          }
        },
      };
    }),
  },
  {
    // apache/curator#43: after a lost session the client registers its first content again, not its last.
    name: 'writes its first content again when the backend lost the node',
    caughtBy: 'renew: a renewal of a removed node writes its last content, not an earlier one',
    open: withDriver((inner) => {
      const first = new Map<string, Entry>();
      return {
        async put(entries, lease, call) {
          for (const entry of entries) if (!first.has(keyOfEntry(entry))) first.set(keyOfEntry(entry), entry);
          await inner.put(entries, lease, call);
        },
        async renew(keys, lease, call) {
          const lost = await inner.renew(keys, lease, call);
          const again = lost.flatMap((key) => first.get(keyOfKey(key)) ?? []);
          if (again.length > 0) await inner.put(again, lease, call);
          return [];
        },
      };
    }),
  },
  {
    // micro/go-micro#1911: the registry keeps the hash of a service after its deregistration.
    name: 'does not write again what it once wrote and deregistered',
    caughtBy: 'deregister: a removed node can be registered again',
    open: withDriver((inner) => {
      const hashes = new Map<string, string>();
      return {
        async put(entries, lease, call) {
          const fresh = entries.filter((entry) => hashes.get(keyOfEntry(entry)) !== JSON.stringify(entry));
          for (const entry of entries) hashes.set(keyOfEntry(entry), JSON.stringify(entry));
          if (fresh.length > 0) await inner.put(fresh, lease, call);
        },
        async renew(keys, lease, call) {
          const lost = await inner.renew(keys, lease, call);
          for (const key of lost) hashes.delete(keyOfKey(key));
          return lost;
        },
      };
    }),
  },
  {
    // smallnest/rpcx#420: every later register fails with "requested lease not found".
    name: 'cannot register again what expired once',
    caughtBy: 'ttl: a register after the expiry writes the node again',
    open: withLeases((inner, leases, warehouse) => ({
      async put(entries, lease, call) {
        const shelf = warehouse.shelf();
        const dead = entries.some((entry) => leases.has(keyOfEntry(entry)) && !shelf.records.has(keyOfEntry(entry)));
        if (dead && lease !== undefined) throw new Error('requested lease not found');
        await inner.put(entries, lease, call);
      },
    })),
  },
  {
    // moleculerjs/moleculer#765: with more than 200 services, some services get no heartbeat and are lost.
    name: 'renews no more than a hundred nodes',
    caughtBy: 'large state: an object that holds many nodes keeps all of them by its renewals',
    open: withLeases((inner, leases) => ({
      renew: async (keys, lease, call) => {
        const kept = new Set([...leases.keys()].slice(0, 100));
        return inner.renew(
          keys.filter((key) => !leases.has(keyOfKey(key)) || kept.has(keyOfKey(key))),
          lease,
          call,
        );
      },
    })),
  },
  {
    // A history found this: the adapter takes a handle that the server has forgotten for a node without a holder.
    name: 'takes what another registered after an expiry for lost',
    caughtBy: "ownership: a renewal of a node that expired and is another's now is CONFLICT",
    open: forgettingHolders('expired'),
  },
  {
    // The adapter takes a handle that the server has forgotten for a node without a holder, after a removal.
    name: 'takes what another registered after a removal for lost',
    caughtBy: 'ownership: a renewal of a node that another removed and registered is CONFLICT',
    open: forgettingHolders('deregistered'),
  },
  {
    // The process has one lease, and its first deregister revokes the lease (etcd clients of several kinds).
    name: 'a deregistration revokes the lease of all nodes of the object',
    caughtBy: 'ttl: a node without a TTL stays, and one that is deregistered before its TTL is deleted once',
    open: withLeases((inner, leases) => ({
      async remove(keys, call) {
        const revoked = keys.some((key) => leases.has(keyOfKey(key)));
        const others = revoked ? [...leases.values()].map(({ key }) => key) : [];
        leases.clear();
        await inner.remove([...new Map([...keys, ...others].map((key) => [keyOfKey(key), key])).values()], call);
      },
    })),
  },
  {
    // The process has one session: the renewal of one node keeps all nodes.
    name: 'a register renews all leases of the object',
    caughtBy: 'what leaves a lease alone: a register of a sibling does not extend a lease',
    open: withLeases((inner, leases, warehouse) => {
      const renewAll = (): void => {
        for (const { key, lease } of leases.values()) warehouse.shelf().renew(key, lease);
      };
      return {
        async put(entries, lease, call) {
          await inner.put(entries, lease, call);
          renewAll();
        },
        async renew(keys, lease, call) {
          renewAll();
          return inner.renew(keys, lease, call);
        },
      };
    }),
  },
  {
    // The process has one session: the expiry of one node removes all nodes.
    name: 'the expiry of one node takes all leased nodes of the object',
    caughtBy: 'ttl: a register with changed content extends the TTL as well',
    open: withLeases((inner, leases, warehouse) => ({
      async put(entries, lease, call) {
        await inner.put(entries, lease, call);
        if (lease === undefined) return;
        const shelf = warehouse.shelf();
        const look = (): void => {
          if (entries.some((entry) => shelf.records.has(keyOfEntry(entry)))) {
            warehouse.clock.setTimer(5, look);
            return;
          }
          for (const { key } of leases.values()) shelf.remove(key, 'expired');
        };
        look();
      },
    })),
  },
  {
    // The adapter lengthens a lease but never shortens it.
    name: 'never shortens a lease',
    caughtBy: 'ttl: a renewal with a longer or shorter TTL changes the TTL',
    open: withLeases((inner, leases) => ({
      renew: (keys, lease, call) => {
        const before = leases.get(keyOfKey(keys[0] ?? { name: '', id: '' }))?.lease;
        const longer = before !== undefined && lease !== undefined && before.ttlMs > lease.ttlMs ? before : lease;
        return inner.renew(keys, longer, call);
      },
    })),
  },
  {
    // owncloud/ocis#6762: the registry calls create on its key-value store instead of put.
    name: 'creates a node and never replaces one',
    caughtBy: 'register: register of a known id replaces the address',
    open: withDriver((inner, warehouse) => ({
      put: (entries, lease, call) =>
        inner.put(
          entries.filter((entry) => !warehouse.shelf().records.has(keyOfEntry(entry))),
          lease,
          call,
        ),
    })),
  },
  {
    // go-kratos/kratos#1711: the registry takes all instances of one host for one instance.
    name: 'takes nodes of one address for one node',
    caughtBy: 'register: a second register of a service adds nodes and keeps those of the first',
    open: withDriver((inner, warehouse) => ({
      async put(entries, lease, call) {
        for (const entry of entries) {
          for (const one of warehouse.shelf().read(entry.name)) {
            const same = one.node.address === entry.node.address && one.node.id !== entry.node.id;
            if (same) warehouse.shelf().remove(entryKey(one), 'deregistered');
          }
        }
        await inner.put(entries, lease, call);
      },
    })),
  },
  {
    // micro/go-micro: the registry of a process knows only the last service of the process.
    name: 'close withdraws the nodes of the last service only',
    caughtBy: 'lifecycle: close withdraws the nodes of all services of the object',
    open: withDriver((inner) => {
      let last: string | undefined;
      return {
        async put(entries, lease, call) {
          last = entries[0]?.name;
          await inner.put(entries, lease, call);
        },
        close: ({ withdraw }, call) => inner.close({ withdraw: withdraw.filter(({ name }) => name === last) }, call),
      };
    }),
  },
  {
    // apache/dubbo#15633: the registry compares the time of the last heartbeat as well as the content.
    name: 'stamps a renewal into the metadata',
    caughtBy: 'renew: a renewal with the same content makes no event',
    open: withRegistry((inner, { clock }) => ({
      register: (service, options) =>
        inner.register({ ...service, metadata: { ...service?.metadata, 'renewed-at': `${clock.now()}` } }, options),
    })),
  },
  {
    // A decoder of tags takes some text values for other types.
    name: 'reads "true" and "null" as what they look like',
    caughtBy: 'fidelity: text with separators, escapes and quotes comes back whole',
    open: withDriver((inner) => ({
      read: async (name, call) =>
        (await inner.read(name, call)).map((entry) => ({
          ...entry,
          metadata: Object.fromEntries(
            Object.entries(entry.metadata).filter(([, value]) => value !== 'null' && value !== 'undefined'),
          ),
        })),
    })),
  },
  {
    // The backend removes expired nodes only when a client reads.
    name: 'expires nodes at reads only',
    caughtBy: 'ttl: an expiry is a delete with the reason expired',
    open: withLeases((inner, leases, warehouse) => {
      const due = new Map<string, number>();
      const arm = (keys: readonly EntryKey[], lease: Lease | undefined): void => {
        for (const key of keys) {
          if (lease === undefined) due.delete(keyOfKey(key));
          else due.set(keyOfKey(key), warehouse.clock.now() + lease.ttlMs);
        }
      };
      const sweep = (): void => {
        for (const { key } of leases.values()) {
          if ((due.get(keyOfKey(key)) ?? Number.POSITIVE_INFINITY) <= warehouse.clock.now())
            warehouse.shelf().remove(key, 'expired');
        }
      };
      const endless = (lease: Lease | undefined): Lease | undefined => lease && { ...lease, ttlMs: 2 ** 30 };
      return {
        async put(entries, lease, call) {
          await inner.put(entries, endless(lease), call);
          arm(entries.map(entryKey), lease);
        },
        async renew(keys, lease, call) {
          sweep();
          arm(keys, lease);
          return inner.renew(keys, endless(lease), call);
        },
        read: (name, call) => {
          sweep();
          return inner.read(name, call);
        },
      };
    }),
  },
];

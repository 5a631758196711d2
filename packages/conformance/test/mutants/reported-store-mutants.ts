import { type Entry, type EntryKey, entryKey, keyOf, type RegistryDriver } from '@rollcall/core/adapter';
import type { Shelf } from '../shelf/shelf.ts';
import { type Mutant, withDriver } from './mutant.ts';

const keyOfEntry = ({ name, node }: Entry): string => keyOf(name, node.id);
const keyOfKey = ({ name, id }: EntryKey): string => keyOf(name, id);

const withMetadata = (entry: Entry, metadata: Entry['node']['metadata']): Entry => ({
  ...entry,
  node: { ...entry.node, metadata },
});

/** The mutant cleans up this many milliseconds after a takeover. */
const cleanedAfterMs = 200;

/** Replaces the record of a node in the backend and notifies no watcher. */
function rewrite(shelf: Shelf, key: string, change: (entry: Entry) => Entry): void {
  const record = shelf.records.get(key);
  if (record !== undefined) shelf.records.set(key, { ...record, entry: change(record.entry) });
}

/** A backend that keeps metadata beside its nodes and does not delete the metadata with the node. */
const metadataOutlives: Mutant['open'] = withDriver((inner) => {
  const kept = new Map<string, Entry['node']['metadata']>();
  const departed = new Set<string>();
  return {
    async put(entries, lease, call) {
      const merged = entries.map((entry) => {
        const id = keyOfEntry(entry);
        const metadata = departed.has(id) ? { ...kept.get(id), ...entry.node.metadata } : entry.node.metadata;
        departed.delete(id);
        kept.set(id, metadata);
        return withMetadata(entry, metadata);
      });
      await inner.put(merged, lease, call);
    },
    async remove(keys, call) {
      await inner.remove(keys, call);
      for (const key of keys) departed.add(keyOfKey(key));
    },
  };
});

/** A driver that remembers the nodes of failed calls. */
const afterFailure = (part: (inner: RegistryDriver, failed: Set<string>) => Partial<RegistryDriver>): Mutant['open'] =>
  withDriver((inner) => {
    const failed = new Set<string>();
    const noting = async <T>(keys: readonly string[], work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        for (const key of keys) failed.add(key);
        throw error;
      }
    };
    const noted: RegistryDriver = {
      ...inner,
      put: (entries, lease, call) => noting(entries.map(keyOfEntry), inner.put(entries, lease, call)),
      renew: (keys, lease, call) => noting(keys.map(keyOfKey), inner.renew(keys, lease, call)),
    };
    return { put: noted.put, renew: noted.renew, ...part(noted, failed) };
  });

/**
 * Mutants with mistakes that users of other registries reported about the data that a backend keeps for a node.
 * A comment in each names or describes the mistake.
 */
export const reportedStoreMutants: readonly Mutant[] = [
  {
    // alibaba/nacos#11890: the cleaner of a dead client deletes the metadata of the client that replaced it.
    name: 'the end of a dead holder takes the metadata of the node that another took over',
    caughtBy: 'ownership: when the lease of a dead object ends, a node that another has taken over stays',
    open: withDriver((inner, warehouse) => ({
      async put(entries, lease, call) {
        const shelf = warehouse.shelf();
        const taken = entries.filter((entry) => {
          const key = entryKey(entry);
          return shelf.records.has(keyOfKey(key)) && shelf.holderOf(key) === undefined;
        });
        await inner.put(entries, lease, call);
        if (taken.length === 0) return;
        warehouse.clock.setTimer(cleanedAfterMs, () => {
          for (const entry of taken) {
            const empty = (found: Entry): Entry => withMetadata(found, {});
            rewrite(shelf, keyOfEntry(entry), empty);
          }
        });
      },
      async read(name, call) {
        // The inner read replays the history, which `rewrite` does not change; the records hold the present state.
        const held = warehouse.shelf().records;
        const entries = await inner.read(name, call);
        return entries.map((entry) => held.get(keyOfEntry(entry))?.entry ?? entry);
      },
    })),
  },
  {
    // alibaba/nacos#8717: the metadata of a deregistered instance comes back when its address registers again.
    name: 'metadata outlives its node, and is part of the next register of the id',
    caughtBy: 'register: register of a deregistered id brings back nothing of its former content',
    open: metadataOutlives,
  },
  {
    // apache/dolphinscheduler#5210: after a reconnect the client deletes and creates its node,
    // so other clients take the owner of the node for dead.
    name: 'after a failed call a renewal deletes the node and creates it',
    caughtBy: 'outage: after a failed call, a renewal makes no watcher hear a delete',
    open: afterFailure((inner, failed) => ({
      async renew(keys, lease, call) {
        const again = keys.filter((key) => failed.has(keyOfKey(key)));
        const lost = await inner.renew(keys, lease, call);
        await inner.remove(again, call);
        for (const key of again) failed.delete(keyOfKey(key));
        return [...new Map([...lost, ...again].map((key) => [keyOfKey(key), key])).values()];
      },
    })),
  },
  {
    // mantl/mesos-consul#59: a deregistration of several ids stops at the first unknown id.
    name: 'a deregistration ends at the first node that is not there',
    caughtBy: 'deregister: deregister removes known ids that are named beside unknown ones',
    open: withDriver((inner, warehouse) => ({
      remove: (keys, call) => {
        const first = keys.findIndex((key) => !warehouse.shelf().records.has(keyOfKey(key)));
        return inner.remove(first === -1 ? keys : keys.slice(0, first), call);
      },
    })),
  },
  {
    // kitex-contrib/registry-etcd#11: one failure ends the keepalive for good, and the client reports nothing.
    name: 'after a failed call a renewal is acknowledged and extends nothing',
    caughtBy: 'ownership: a renewal by an object that lost the node is CONFLICT and writes nothing',
    open: afterFailure((inner, failed) => ({
      async renew(keys, lease, call) {
        const known = keys.filter((key) => !failed.has(keyOfKey(key)));
        return inner.renew(known, lease, call);
      },
    })),
  },
];

import { type Entry, keyOf, sameEntry } from '@rollcall/core/adapter';
import { type Mutant, withDriver } from './mutant.ts';

/** How adapters fail to tell whose a node is. */
export const ownershipMutants: readonly Mutant[] = [
  {
    // Found by a history on etcd: without a lease the value alone told whose a key is.
    name: 'takes what another wrote with the same content for its own',
    caughtBy: 'ownership: a first register with the same content from another object is a takeover as well',
    open: withDriver((inner, warehouse) => {
      const written = new Map<string, Entry>();
      return {
        async put(entries, lease, call) {
          for (const entry of entries) written.set(keyOf(entry.name, entry.node.id), entry);
          await inner.put(entries, lease, call);
        },
        async renew(keys, lease, call) {
          const shelf = warehouse.shelf();
          const others = keys.filter(({ name, id }) => {
            const [mine, there] = [written.get(keyOf(name, id)), shelf.records.get(keyOf(name, id))?.entry];
            return mine === undefined || there === undefined || !sameEntry(mine, there);
          });
          for (const key of keys) if (!others.includes(key)) shelf.renew(key, lease);
          return others.length === 0 ? [] : inner.renew(others, lease, call);
        },
      };
    }),
  },
];

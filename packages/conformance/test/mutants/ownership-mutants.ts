import { type Entry, keyOf, sameEntry } from '@rollcall/core/adapter';
import { openShelf } from '../shelf/shelf-registry.ts';
import { type Mutant, withDriver, withRegistry } from './mutant.ts';

/** Mutants with mistakes that adapters make about the owner of a node. */
export const ownershipMutants: readonly Mutant[] = [
  {
    // A history found this on etcd: without a lease, the adapter told the owner of a key by the value alone.
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
  {
    name: 'asks whose a node is only before a renewal',
    caughtBy: 'ownership: changed content from an object that has not heard of its loss is CONFLICT and writes nothing',
    open: (warehouse, options) =>
      withRegistry((inner) => {
        const written = new Map<string, string>();
        return {
          async register(service, how) {
            const text = JSON.stringify(service);
            const before = written.get(service.name);
            written.set(service.name, text);
            if (before === undefined || before === text) await inner.register(service, how);
            else await openShelf(warehouse, options).register(service, how);
          },
        };
      })(warehouse, options),
  },
  {
    // A review found this: a restarted discovery server did not know the handles of its clients,
    // so the clients registered their nodes anew.
    name: 'takes for lost what a wiped backend holds for another',
    caughtBy: 'wiped backend: a renewal or close after a wipe leaves a node alone that another has registered since',
    open: (warehouse, options) => {
      const shelf = warehouse.shelf();
      const wipe = shelf.wipe.bind(shelf);
      let wiped = false;
      shelf.wipe = async () => {
        wiped = true;
        await wipe();
      };
      return withDriver((inner) => ({
        renew: (keys, lease, call) => (wiped ? Promise.resolve(keys) : inner.renew(keys, lease, call)),
      }))(warehouse, options);
    },
  },
];

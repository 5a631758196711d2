import { type Metadata, RegistryError } from '@rollcall/core';
import { type Entry, keyOf } from '@rollcall/core/adapter';
import { openShelf, Warehouse } from '../shelf/shelf-registry.ts';
import { type Mutant, withDriver } from './mutant.ts';

/** A driver that changes each entry before it stores the entry. */
const storing = (change: (entry: Entry) => Entry): Mutant['open'] =>
  withDriver((inner) => ({ put: (entries, lease, call) => inner.put(entries.map(change), lease, call) }));

const withoutProto = (metadata: Metadata): Metadata => {
  const copy: Record<string, string> = {};
  for (const key of Object.keys(metadata)) copy[key] = metadata[key] as string;
  return copy;
};

/** A driver that stores a service as the document of one object: each writer removes the nodes of the others. */
const onlyTheLast: Mutant['open'] = withDriver((inner, warehouse) => {
  const mine = new Set<string>();
  return {
    async put(entries, lease, call) {
      await inner.put(entries, lease, call);
      for (const { name, node } of entries) mine.add(keyOf(name, node.id));
      for (const { entry } of warehouse.shelf().records.values()) {
        const { name, node } = entry;
        const same = entries.some((one) => one.name === name);
        if (same && !mine.has(keyOf(name, node.id))) warehouse.shelf().remove({ name, id: node.id }, 'deregistered');
      }
    },
  };
});

/** Mutants with mistakes that adapters make in writing, renewing, reading and storing. */
export const backendMutants: readonly Mutant[] = [
  {
    name: 'registers the first node of a call only',
    caughtBy: 'register: register writes every node of the call',
    open: withDriver((inner) => ({ put: (entries, lease, call) => inner.put(entries.slice(0, 1), lease, call) })),
  },
  {
    name: 'resolves before the backend has acknowledged',
    caughtBy: 'register: when register has resolved, a read of the same object shows it',
    open: withDriver((inner) => ({
      async put(entries, lease, { logger }) {
        const late = { signal: new AbortController().signal, logger };
        setTimeout(() => inner.put(entries, lease, late).catch(() => {}), 20);
      },
    })),
  },
  {
    name: 'merges metadata instead of replacing it',
    caughtBy: 'register: register of a known id replaces metadata and does not merge it',
    open: withDriver((inner) => {
      const known = new Map<string, Metadata>();
      const merge = (entry: Entry): Entry => {
        const key = keyOf(entry.name, entry.node.id);
        known.set(key, { ...known.get(key), ...entry.metadata });
        return { ...entry, metadata: known.get(key) ?? {} };
      };
      return { put: (entries, lease, call) => inner.put(entries.map(merge), lease, call) };
    }),
  },
  {
    name: 'keeps what it knows of a node when its version changes',
    caughtBy: 'register: register of a known id with another version moves the node',
    open: withDriver((inner) => {
      const first = new Map<string, string>();
      const keep = (entry: Entry): Entry => {
        const key = keyOf(entry.name, entry.node.id);
        if (!first.has(key)) first.set(key, entry.version);
        return { ...entry, version: first.get(key) ?? '' };
      };
      return { put: (entries, lease, call) => inner.put(entries.map(keep), lease, call) };
    }),
  },
  {
    name: 'deletes the whole service',
    caughtBy: 'deregister: deregister removes the named nodes only',
    open: withDriver((inner) => ({
      async remove(keys, call) {
        const all = (await Promise.all(keys.map(({ name }) => inner.read(name, call)))).flat();
        await inner.remove([...keys, ...all.map(({ name, node }) => ({ name, id: node.id }))], call);
      },
    })),
  },
  {
    name: 'removes the first node of a call only',
    caughtBy: 'deregister: one deregister removes several nodes of different versions',
    open: withDriver((inner) => ({ remove: (keys, call) => inner.remove(keys.slice(0, 1), call) })),
  },
  {
    name: 'fails for an unknown id',
    caughtBy: 'deregister: deregister of an unknown id succeeds',
    open: withDriver((inner) => ({
      async remove(keys, call) {
        const ids = (await inner.read(keys[0]?.name, call)).map(({ node }) => node.id);
        if (!keys.every(({ id }) => ids.includes(id))) throw new RegistryError('INTERNAL', 'not found');
        await inner.remove(keys, call);
      },
    })),
  },
  {
    name: 'ignores the case of ids',
    caughtBy: 'deregister: deregister distinguishes ids by case',
    open: withDriver((inner) => ({
      put: (entries, lease, call) =>
        inner.put(
          entries.map((entry) => ({ ...entry, node: { ...entry.node, id: entry.node.id.toLowerCase() } })),
          lease,
          call,
        ),
      remove: (keys, call) =>
        inner.remove(
          keys.map(({ name, id }) => ({ name, id: id.toLowerCase() })),
          call,
        ),
    })),
  },
  {
    name: 'does nothing for nodes of others, though it says it can',
    caughtBy:
      'deregister: deregister removes nodes of other objects within removesOthers, and is NOT_SUPPORTED outside it',
    open: withDriver((inner) => {
      const own = new Set<string>();
      return {
        async put(entries, lease, call) {
          await inner.put(entries, lease, call);
          for (const { name, node } of entries) own.add(keyOf(name, node.id));
        },
        remove: (keys, call) =>
          inner.remove(
            keys.filter(({ name, id }) => own.has(keyOf(name, id))),
            call,
          ),
      };
    }),
  },
  {
    name: 'is an error for an unknown name',
    caughtBy: 'lookup: getService of an unknown name is []',
    open: withDriver((inner) => ({
      async read(name, call) {
        const entries = await inner.read(name, call);
        if (name !== undefined && entries.length === 0) throw new RegistryError('INTERNAL', 'service not found');
        return entries;
      },
    })),
  },
  {
    name: 'reads by prefix',
    caughtBy: 'lookup: getService does not mix services of which one name begins with the other',
    open: withDriver((inner) => ({
      read: async (name, call) =>
        (await inner.read(undefined, call)).filter((entry) => entry.name.startsWith(name ?? '')),
    })),
  },
  {
    name: 'lists what is long gone',
    caughtBy: 'list: listServices leaves out a service whose last node left',
    open: withDriver((inner) => {
      const ever: Entry[] = [];
      return {
        put: (entries, lease, call) => {
          ever.push(...entries);
          return inner.put(entries, lease, call);
        },
        list: async () => [...new Set(ever.map(({ name }) => name))].map((name) => ({ name, versions: ['1.0.0'] })),
      };
    }),
  },
  {
    name: 'loses __proto__ in metadata',
    caughtBy: 'model: __proto__ is a metadata key like any other',
    open: storing((entry) => ({ ...entry, metadata: withoutProto(entry.metadata) })),
  },
  {
    name: 'loses the metadata of services',
    caughtBy: 'model: every field of a service comes back',
    open: storing((entry) => ({ ...entry, metadata: {} })),
  },
  {
    name: 'loses endpoints',
    caughtBy: 'model: the order of endpoints and of values is kept',
    open: storing((entry) => ({ ...entry, endpoints: [] })),
  },
  {
    name: 'sorts endpoints',
    caughtBy: 'renew: endpoints or values in another order are changed content',
    open: storing((entry) => ({ ...entry, endpoints: entry.endpoints.toSorted((a, b) => (a.name < b.name ? -1 : 1)) })),
  },
  {
    name: 'loses empty values',
    caughtBy: 'model: metadata values of any well-formed Unicode come back as they were written',
    open: storing((entry) => ({
      ...entry,
      metadata: Object.fromEntries(Object.entries(entry.metadata).filter(([, value]) => value !== '')),
    })),
  },
  {
    name: 'lowers metadata keys',
    caughtBy: 'model: metadata keys keep their case and all allowed characters',
    open: storing((entry) => ({
      ...entry,
      metadata: Object.fromEntries(Object.entries(entry.metadata).map(([key, value]) => [key.toLowerCase(), value])),
    })),
  },
  {
    name: 'cuts ids at the 63 characters of a DNS label',
    caughtBy: 'model: the longest allowed name, id and version come back',
    open: storing((entry) => ({ ...entry, node: { ...entry.node, id: entry.node.id.slice(0, 63) } })),
  },
  {
    name: 'returns [] when the backend is down',
    caughtBy: 'while the backend is down: getService of a registry that was connected is UNAVAILABLE',
    open: withDriver((inner) => ({ read: (name, call) => inner.read(name, call).catch(() => []) })),
  },
  {
    name: 'serves reads from a cache when the backend is down',
    caughtBy: 'while the backend is down: getService of a registry that was connected is UNAVAILABLE',
    open: withDriver((inner) => {
      let last: readonly Entry[] = [];
      return {
        read: async (name, call) => {
          last = await inner.read(name, call).catch(() => last);
          return last;
        },
      };
    }),
  },
  {
    name: 'ignores namespaces',
    caughtBy: 'namespaces: reads see their own namespace only',
    open: (warehouse, { namespace: _, ...options } = {}) => withDriver(() => ({}))(warehouse, options),
  },
  {
    name: 'explains no error',
    caughtBy: 'errors: an error of an outage has the error of the transport as its cause',
    open: withDriver(() => ({ toError: () => new RegistryError('INTERNAL', 'something went wrong') })),
  },
  {
    name: 'says it is durable and forgets at a restart',
    caughtBy: 'outage: a restarted backend has kept its nodes exactly if its capability durable says so',
    open: withDriver((inner) => ({ capabilities: { ...inner.capabilities, durable: false } })),
  },
  {
    name: 'never calls a taken node a conflict, though it says it does',
    caughtBy: 'ownership: the first register of a held id takes it over or is CONFLICT, as takesOver declares',
    open: withDriver((inner) => ({ capabilities: { ...inner.capabilities, takesOver: false } })),
  },
  {
    name: 'waits for ever in close',
    caughtBy: 'lifecycle: close is bounded by closeTimeoutMs',
    open: (warehouse, options) =>
      withDriver(() => ({ close: () => new Promise(() => {}) }))(warehouse, { ...options, closeTimeoutMs: 3_000 }),
  },
  {
    name: 'gives every object a roll of its own',
    caughtBy: 'register: another object sees an acknowledged write',
    open: ({ capabilities }, options) => openShelf(new Warehouse(capabilities), options),
  },
  {
    name: 'keeps of a service what the last object wrote',
    caughtBy: 'register: two objects may register nodes of one service',
    open: onlyTheLast,
  },
  {
    name: 'keeps of a service what the last of many objects wrote',
    caughtBy: 'register: ten objects register one service',
    open: onlyTheLast,
  },
  {
    name: 'lists the backend itself',
    caughtBy: 'list: listServices leaves out the services of the backend itself',
    open: withDriver((inner) => ({
      list: async (call) => [
        ...(await inner.read(undefined, call)).map(({ name, version }) => ({ name, versions: [version] })),
        { name: 'consul', versions: [''] },
      ],
    })),
  },
];

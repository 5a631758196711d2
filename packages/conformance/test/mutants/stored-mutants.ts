import type { Endpoint, Metadata } from '@rollcall/core';
import { type Entry, keyOf, sameEntry } from '@rollcall/core/adapter';
import { openShelf, type Warehouse } from '../shelf/shelf-registry.ts';
import { type Mutant, withDriver, withRegistry } from './mutant.ts';

/** A driver that changes each entry before it stores the entry. */
const storing = (change: (entry: Entry) => Entry): Mutant['open'] =>
  withDriver((inner) => ({ put: (entries, lease, call) => inner.put(entries.map(change), lease, call) }));

const mapped = (metadata: Metadata, change: (value: string) => string): Metadata =>
  Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, change(value)]));

const withNodeMetadata = (entry: Entry, change: (metadata: Metadata) => Metadata): Entry => ({
  ...entry,
  node: { ...entry.node, metadata: change(entry.node.metadata) },
});

const withEndpointMetadata = (entry: Entry, change: (metadata: Metadata) => Metadata): Entry => ({
  ...entry,
  endpoints: entry.endpoints.map(
    (endpoint): Endpoint => ({ ...endpoint, metadata: change((endpoint.metadata ?? {}) as Metadata) }),
  ),
});

const firstPairs = (metadata: Metadata, count: number): Metadata =>
  Object.fromEntries(Object.entries(metadata).slice(0, count));

/** A driver that writes an entry only if `form` of its JSON text has changed. */
const writingDifferences = (form: (text: string) => string): Mutant['open'] =>
  withDriver((inner) => {
    const written = new Map<string, string>();
    const isNew = (entry: Entry): boolean => {
      const key = keyOf(entry.name, entry.node.id);
      const text = form(JSON.stringify(entry));
      const known = written.get(key) === text;
      written.set(key, text);
      return !known;
    };
    return {
      put: (entries, lease, call) => inner.put(entries.filter(isNew), lease, call),
    };
  });

/** The namespaces that have been opened on each warehouse. */
const namespaces = new WeakMap<Warehouse, Set<string | undefined>>();

function known(warehouse: Warehouse, namespace: string | undefined): ReadonlySet<string | undefined> {
  const set = namespaces.get(warehouse) ?? new Set();
  namespaces.set(warehouse, set.add(namespace));
  return set;
}

/** Mutants with mistakes that adapters make in storing every byte and in keeping namespaces apart. */
export const storedMutants: readonly Mutant[] = [
  {
    name: 'normalises Unicode',
    caughtBy: 'fidelity: Unicode comes back as it was written, not normalised',
    open: storing((entry) => withNodeMetadata(entry, (metadata) => mapped(metadata, (value) => value.normalize()))),
  },
  {
    name: 'splits pairs at every equals sign',
    caughtBy: 'fidelity: text with separators, escapes and quotes comes back whole',
    open: storing((entry) =>
      withNodeMetadata(entry, (metadata) => mapped(metadata, (value) => value.split('=')[0] ?? '')),
    ),
  },
  {
    name: 'does not write a change of case alone',
    caughtBy: 'fidelity: a change of upper to lower case alone is an update',
    open: writingDifferences((text) => text.toLowerCase()),
  },
  {
    name: 'compares the beginning of what it writes',
    caughtBy: 'fidelity: a change of the last character alone is an update',
    open: writingDifferences((text) => text.slice(0, 128)),
  },
  {
    name: 'loses the 64th pair of node metadata',
    caughtBy: 'fidelity: the 64th pair and the last byte of metadata come back, for nodes and endpoints as well',
    open: storing((entry) => withNodeMetadata(entry, (metadata) => firstPairs(metadata, 63))),
  },
  {
    name: 'loses the last byte of a long value of node metadata',
    caughtBy: 'fidelity: the 64th pair and the last byte of metadata come back, for nodes and endpoints as well',
    open: storing((entry) =>
      withNodeMetadata(entry, (metadata) =>
        mapped(metadata, (value) => (Buffer.byteLength(value) >= 1_024 ? value.slice(0, -1) : value)),
      ),
    ),
  },
  {
    name: 'loses the 64th pair of endpoint metadata',
    caughtBy: 'fidelity: the 64th pair and the last byte of metadata come back, for nodes and endpoints as well',
    open: storing((entry) => withEndpointMetadata(entry, (metadata) => firstPairs(metadata, 63))),
  },
  {
    name: 'a node without metadata inherits that of a sibling',
    caughtBy: 'fidelity: a node has only its own metadata and endpoints, never those of a sibling',
    open: withDriver((inner, warehouse) => ({
      put: (entries, lease, call) =>
        inner.put(
          entries.map((entry) => {
            if (Object.keys(entry.node.metadata).length > 0) return entry;
            const others = [...warehouse.shelf().read(entry.name), ...entries];
            const sibling = others.find((one) => one.name === entry.name && !sameEntry(one, entry));
            return withNodeMetadata(entry, (metadata) => sibling?.node.metadata ?? metadata);
          }),
          lease,
          call,
        ),
    })),
  },
  {
    name: 'deregisters in every namespace',
    caughtBy: 'namespaces: deregister of a node that only another namespace has removes nothing there',
    open: (warehouse, options) => {
      const all = known(warehouse, options?.namespace);
      return withRegistry((inner) => ({
        async deregister(service, how) {
          await inner.deregister(service, how);
          for (const namespace of all)
            for (const { id } of service.nodes)
              warehouse.shelf(namespace).remove({ name: service.name, id }, 'deregistered');
        },
      }))(warehouse, options);
    },
  },
  {
    name: 'without a namespace it lists all of them',
    caughtBy:
      'namespaces: lists and watches of all services see neither a namespace from none nor none from a namespace',
    open: (warehouse, options) => {
      const all = known(warehouse, options?.namespace);
      return withRegistry((inner) => ({
        async listServices(how) {
          if (options?.namespace !== undefined) return inner.listServices(how);
          const lists = [...all].map((namespace) => openShelf(warehouse, { ...options, namespace }).listServices(how));
          return (await Promise.all(lists)).flat();
        },
      }))(warehouse, options);
    },
  },
  {
    name: 'close withdraws the same ids in every namespace',
    caughtBy: 'namespaces: close withdraws nothing of the same id in another namespace',
    open: (warehouse, options) => {
      const all = known(warehouse, options?.namespace);
      return withDriver((inner) => ({
        async close({ withdraw }, call) {
          await inner.close({ withdraw }, call);
          for (const namespace of all)
            for (const key of withdraw) warehouse.shelf(namespace).remove(key, 'deregistered');
        },
      }))(warehouse, options);
    },
  },
];

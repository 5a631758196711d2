import type { Service } from '@rollcall/core';
import { type Entry, keyOf } from '@rollcall/core/adapter';
import type { Warehouse } from '../shelf/shelf-registry.ts';
import { type Mutant, sinking, withDriver, withRegistry } from './mutant.ts';

const keyOfEntry = ({ name, node }: Entry): string => keyOf(name, node.id);

/** The namespaces that have been opened on each warehouse. */
const namespaces = new WeakMap<Warehouse, Set<string>>();

/**
 * Mutants with mistakes that users of other registries reported about reads and watches.
 * A comment in each names or describes the mistake.
 */
export const reportedWatchMutants: readonly Mutant[] = [
  {
    // apache/shenyu#6526, alibaba/nacos#11: the client never replaces its last answer with an empty answer.
    name: 'reads the last node of a service for ever',
    caughtBy: 'deregister: a deregistered node is gone for every reader and watcher',
    open: withDriver((inner) => {
      const last = new Map<string, readonly Entry[]>();
      return {
        read: async (name, call) => {
          const entries = await inner.read(name, call);
          if (name === undefined) return entries;
          if (entries.length > 0) last.set(name, entries);
          return last.get(name) ?? [];
        },
      };
    }),
  },
  {
    // go-kratos/kratos#3562, nacos-group/nacos-sdk-nodejs#124: the watcher does not hear that the last node left.
    name: 'a watcher is not told of the last node leaving',
    caughtBy: 'watch: deregister is a delete event with the reason deregistered and the node as it was',
    open: sinking((sink) => {
      const there = new Set<string>();
      return {
        snapshot(entries) {
          for (const entry of entries) there.add(keyOfEntry(entry));
          sink.snapshot(entries);
        },
        put(entry) {
          there.add(keyOfEntry(entry));
          sink.put(entry);
        },
        remove(key, reason) {
          there.delete(keyOf(key.name, key.id));
          if (there.size > 0) sink.remove(key, reason);
        },
      };
    }),
  },
  {
    // go-kratos/kratos#2911: the client takes a watch that failed at first for a running watch.
    name: 'a watch that failed at first never starts',
    caughtBy: 'outage: a watcher that begins during an outage hears interrupted, later the state and synced',
    open: withDriver((inner) => {
      const known = new Set<string | undefined>();
      let failed = false;
      return {
        async watch(name, sink, call) {
          if (failed && known.has(name))
            return new Promise((resolve) => call.signal.addEventListener('abort', () => resolve(), { once: true }));
          let told = false;
          const snapshot = (entries: readonly Entry[]): void => {
            told = true;
            sink.snapshot(entries);
          };
          known.add(name);
          try {
            await inner.watch(name, { ...sink, snapshot }, call);
          } catch (error) {
            failed ||= !told;
            throw error;
          }
        },
      };
    }),
  },
  {
    // hashicorp/consul#2621, linkerd/linkerd#1230:
    // the index of the server began anew, but the client waits for the old index.
    name: 'after a restart it waits for the old index',
    caughtBy: 'outage: a watcher hears of the first node after the synced that ends an outage',
    open: withDriver((inner) => {
      let index = 0;
      return {
        watch(name, sink, call) {
          const known = index;
          let now = 0;
          const hear = (tell: () => void): void => {
            now += 1;
            if (now <= known) return;
            index = now;
            tell();
          };
          return inner.watch(
            name,
            {
              alive: () => sink.alive(),
              snapshot: (entries) => sink.snapshot(entries),
              put: (entry) => hear(() => sink.put(entry)),
              remove: (key, reason) => hear(() => sink.remove(key, reason)),
            },
            call,
          );
        },
      };
    }),
  },
  {
    // apache/kyuubi#7558, etcd-io/jetcd#439: the client does not set the watch again.
    name: 'after an outage it tells the state and no change',
    caughtBy: 'outage: a watcher hears changes after an outage',
    open: withDriver((inner) => {
      const lives = new Map<string | undefined, number>();
      return {
        watch(name, sink, call) {
          const life = (lives.get(name) ?? 0) + 1;
          lives.set(name, life);
          if (life === 1) return inner.watch(name, sink, call);
          return inner.watch(name, { ...sink, put() {}, remove() {} }, call);
        },
      };
    }),
  },
  {
    // The backend notices an expiry only at the next change.
    name: 'tells an expiry with the next change',
    caughtBy: 'ttl: an expiry is a delete with the reason expired',
    open: sinking((sink) => {
      const pending: (() => void)[] = [];
      return {
        put(entry) {
          for (const tell of pending.splice(0)) tell();
          sink.put(entry);
        },
        remove(key, reason) {
          if (reason === 'expired') pending.push(() => sink.remove(key, reason));
          else sink.remove(key, reason);
        },
      };
    }),
  },
  {
    // owncloud/ocis#9740: the registry tells services apart by their names alone.
    name: 'reads the nodes of one version only',
    caughtBy: 'lookup: getService groups nodes by version',
    open: withRegistry((inner) => ({
      getService: async (name, options) => (await inner.getService(name, options)).slice(-1),
    })),
  },
  {
    // The prefix has no separator at its end (etcd, Redis, ZooKeeper).
    name: 'a namespace sees those whose names begin like its own',
    caughtBy: 'namespaces: namespaces that begin alike are separate',
    open: (warehouse, options) => {
      const known = namespaces.get(warehouse) ?? new Set<string>();
      namespaces.set(warehouse, known);
      const own = options?.namespace;
      if (own !== undefined) known.add(own);
      return withDriver((inner) => ({
        async read(name, call) {
          const others = [...known].filter((one) => own !== undefined && one !== own && one.startsWith(own));
          return [...(await inner.read(name, call)), ...others.flatMap((one) => warehouse.shelf(one).read(name))];
        },
      }))(warehouse, options);
    },
  },
  {
    // ai-dynamo/dynamo#13224: the client misses a node that leaves between the list and the watch.
    name: 'misses what leaves right after the first state',
    caughtBy: 'call order: a node is gone after register and deregister in that order',
    open: sinking((sink) => {
      let early = true;
      return {
        snapshot(entries) {
          sink.snapshot(entries);
          setTimeout(() => {
            early = false;
          }, 3);
        },
        remove: (key, reason) => void (early || sink.remove(key, reason)),
      };
    }),
  },
  {
    // ai-dynamo/dynamo#13224: the client adds the nodes of a new list but removes none.
    name: 'after an outage it adds what is new and keeps what is gone',
    caughtBy: 'wiped backend: a watcher hears the delete of a wiped node that is not registered again',
    open: withDriver((inner) => {
      const told = new Map<string, Entry>();
      return {
        watch: (name, sink, call) =>
          inner.watch(
            name,
            {
              ...sink,
              snapshot(entries) {
                for (const entry of entries) told.set(keyOfEntry(entry), entry);
                sink.snapshot([...told.values()].filter((entry) => name === undefined || entry.name === name));
              },
              put(entry) {
                told.set(keyOfEntry(entry), entry);
                sink.put(entry);
              },
              remove(key, reason) {
                told.delete(keyOf(key.name, key.id));
                sink.remove(key, reason);
              },
            },
            call,
          ),
      };
    }),
  },
  {
    // alibaba/nacos: the client ignores an empty push to protect its state.
    name: 'does not believe an empty state',
    caughtBy: 'wiped backend: a watcher hears the delete of a wiped node that is not registered again',
    open: withDriver((inner) => {
      const last = new Map<string | undefined, readonly Entry[]>();
      return {
        watch(name, sink, call) {
          const snapshot = (entries: readonly Entry[]): void => {
            if (entries.length > 0) last.set(name, entries);
            sink.snapshot(last.get(name) ?? []);
          };
          const put = (entry: Entry): void => {
            last.set(name, [...(last.get(name) ?? []).filter((one) => keyOfEntry(one) !== keyOfEntry(entry)), entry]);
            sink.put(entry);
          };
          return inner.watch(name, { ...sink, snapshot, put }, call);
        },
      };
    }),
  },
  {
    // Callers share a read (go-micro's cache): the signal of the first caller ends the read for all.
    name: 'an aborted read takes along those that wait for the same',
    caughtBy: 'abort and deadline: a read that is aborted or has a short deadline ends no other read of the same name',
    open: withRegistry((inner) => {
      const flights = new Map<string, Promise<readonly Service[]>>();
      return {
        getService(name, options) {
          const flight = flights.get(name) ?? inner.getService(name, options);
          flights.set(name, flight);
          const done = (): void => void flights.delete(name);
          flight.then(done, done);
          return flight;
        },
      };
    }),
  },
  {
    // Callers share a read: a read that begins after a write joins a read that began before the write.
    name: 'a read joins one that began before the write',
    caughtBy: 'freshness of reads: a read that begins after a register shows it, also while an earlier read is pending',
    open: withDriver((inner) => {
      const flights = new Map<string | undefined, Promise<readonly Entry[]>>();
      return {
        read(name, call) {
          const known = flights.get(name);
          if (known !== undefined) return known;
          const flight = inner.read(name, call).then(async (entries) => {
            // The answer takes a while to arrive.
            await new Promise((resolve) => setTimeout(resolve, 15));
            return entries;
          });
          flights.set(name, flight);
          const done = (): void => void flights.delete(name);
          flight.then(done, done);
          return flight;
        },
      };
    }),
  },
  {
    // A long poll ends and begins anew: the client hears a change in between only with the next change.
    name: 'a change right after another waits for the next one',
    caughtBy: 'watch: every event carries one node, also when many are written or removed at once',
    open: sinking((sink) => {
      let last = Number.NEGATIVE_INFINITY;
      const pending: (() => void)[] = [];
      const hear = (tell: () => void): void => {
        const now = performance.now();
        const gap = now - last < 2;
        last = now;
        if (gap) pending.push(tell);
        else for (const one of [...pending.splice(0), tell]) one();
      };
      return {
        put: (entry) => hear(() => sink.put(entry)),
        remove: (key, reason) => hear(() => sink.remove(key, reason)),
      };
    }),
  },
  {
    // The watcher damps flapping: it ignores that a node left and returned within the window, even with other content.
    name: 'a node that comes back at once is taken for the one that left',
    caughtBy: 'coalescing: a pending delete and create with other content become one update',
    open: sinking((sink) => {
      const leaving = new Map<string, () => void>();
      return {
        put(entry) {
          const key = keyOfEntry(entry);
          const cancel = leaving.get(key);
          leaving.delete(key);
          if (cancel === undefined) sink.put(entry);
          else cancel();
        },
        remove(key, reason) {
          const id = keyOf(key.name, key.id);
          const timer = setTimeout(() => {
            leaving.delete(id);
            sink.remove(key, reason);
          }, 10).unref();
          leaving.set(id, () => clearTimeout(timer));
        },
      };
    }),
  },
];

import { setMaxListeners } from 'node:events';
import type { CallOptions } from '@rollcall/core';
import { openShelf } from '../shelf/shelf-registry.ts';
import { eager, type Mutant, turn, withDriver, withRegistry, withWatcher } from './mutant.ts';

/** A registry that changes the options of a call before it passes them on. */
const withOptions = (change: <O extends CallOptions>(options: O | undefined) => O | undefined): Mutant['open'] =>
  withRegistry((inner) => ({
    init: (options) => inner.init(change(options)),
    register: (service, options) => inner.register(service, change(options)),
    deregister: (service, options) => inner.deregister(service, change(options)),
    getService: (name, options) => inner.getService(name, change(options)),
    listServices: (options) => inner.listServices(change(options)),
  }));

/** A registry that wraps each of its calls in `around`. */
const withCalls = (
  around: (options: CallOptions | undefined, call: () => Promise<never>) => Promise<never>,
): Mutant['open'] =>
  withRegistry((inner) => ({
    init: (options) => around(options, () => inner.init(options) as Promise<never>),
    register: (service, options) => around(options, () => inner.register(service, options) as Promise<never>),
    deregister: (service, options) => around(options, () => inner.deregister(service, options) as Promise<never>),
    getService: (name, options) => around(options, () => inner.getService(name, options) as Promise<never>),
    listServices: (options) => around(options, () => inner.listServices(options) as Promise<never>),
  }));

const calls = ['init', 'register', 'deregister', 'getService', 'listServices'];

/** Rejects an aborted call with the raw reason of its signal. */
const abortsRaw: Mutant['open'] = withCalls((options, call) => {
  const { signal } = options ?? {};
  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    call().then(resolve, reject);
  });
});

/** Rejects a call whose deadline is below 5 ms with an error of its own. */
const timesOutRaw: Mutant['open'] = withCalls(async (options, call) => {
  if ((options?.timeoutMs ?? 5) < 5) throw new Error('the deadline is too short');
  return call();
});

/** Mutants with mistakes in the life of a call or of a registry: signals, deadlines, close. */
export const callMutants: readonly Mutant[] = [
  {
    name: 'ignores the signal',
    caughtBy: 'with a signal that is aborted already: getService with a signal that is aborted already is ABORTED',
    open: withOptions((options) => options && { ...options, signal: undefined }),
  },
  {
    name: 'cannot be aborted once it asks',
    caughtBy:
      'with a signal that is aborted during the call: register that a frozen backend never answers is ABORTED by its signal',
    open: withOptions((options) => {
      options?.signal?.throwIfAborted();
      return options && { ...options, signal: undefined };
    }),
  },
  {
    name: 'takes a timeout signal for an abort',
    caughtBy:
      'with a signal that is aborted already: register with a timeout signal that is aborted already is TIMEOUT',
    open: withOptions(
      (options) => options && { ...options, ...(options.signal?.aborted ? { signal: AbortSignal.abort() } : {}) },
    ),
  },
  {
    name: 'ignores the deadline of a call',
    caughtBy:
      'with a deadline: getService on a frozen backend is TIMEOUT at its deadline, not before and not long after',
    open: withOptions((options) => options && { ...options, timeoutMs: undefined }),
  },
  {
    name: 'ignores the deadline of the registry',
    caughtBy: 'with a deadline: listServices on a frozen backend is TIMEOUT by the deadline of the registry',
    open: (warehouse, options) => openShelf(warehouse, { ...options, timeoutMs: undefined }),
  },
  {
    name: 'keeps listening to a signal',
    caughtBy: 'abort and deadline: a signal used for many calls keeps no listener',
    open: withOptions((options) => {
      if (options?.signal) {
        setMaxListeners(0, options.signal);
        options.signal.addEventListener('abort', () => {});
      }
      return options;
    }),
  },
  {
    name: 'rejects with errors of others',
    caughtBy: 'with a signal that is aborted already: listServices with a signal that is aborted already is ABORTED',
    open: withRegistry((inner) => ({
      listServices: async (options) => {
        options?.signal?.throwIfAborted();
        return inner.listServices(options);
      },
    })),
  },
  {
    name: 'works on after close',
    caughtBy: 'when closed: register of a closed registry is CLOSED',
    open: (warehouse, options) => {
      let closed = false;
      return withRegistry((inner) => ({
        close: (how) => {
          closed = true;
          return inner.close(how);
        },
        register: (service, how) => (closed ? openShelf(warehouse, options) : inner).register(service, how),
      }))(warehouse, options);
    },
  },
  {
    name: 'begins calls while it is closing',
    caughtBy: 'while closing: register is CLOSED as soon as close was called',
    open: withRegistry((inner) => ({
      close: async (options) => {
        for (let turns = 0; turns < 5; turns += 1) await turn();
        await inner.close(options);
      },
    })),
  },
  {
    name: 'close waits for calls that are never answered',
    caughtBy: 'while closing: getService that a frozen backend never answers is CLOSED by close',
    open: withRegistry((inner) => {
      const running = new Set<Promise<unknown>>();
      return {
        getService(name, options) {
          const call = inner.getService(name, options);
          running.add(call.catch(() => {}));
          return call;
        },
        close: async (options) => {
          await Promise.all(running);
          await inner.close(options);
        },
      };
    }),
  },
  {
    name: 'close fails when it is called again',
    caughtBy: 'lifecycle: close is idempotent',
    open: withRegistry((inner) => {
      let closed = false;
      return {
        close: async (options) => {
          if (closed) throw new Error('closed already');
          closed = true;
          await inner.close(options);
        },
      };
    }),
  },
  {
    name: 'connects when it is made and never again',
    caughtBy:
      'while the backend is down: register works when the backend is back, also after calls that failed meanwhile',
    open: withDriver((inner) => {
      let first: Promise<void> | undefined;
      return {
        connect: (call) => {
          first ??= inner.connect(call);
          return first;
        },
      };
    }),
  },
  {
    name: 'keeps the process alive while it is open',
    caughtBy: 'lifecycle: an idle registry keeps no process alive',
    open: withRegistry((inner) => {
      const timer = setInterval(() => {}, 1_000);
      return {
        close: (options) => {
          clearInterval(timer);
          return inner.close(options);
        },
      };
    }),
  },
  {
    name: 'holds the process for a watcher without a pending next',
    caughtBy: 'lifecycle: a pending next of a watcher keeps the process alive',
    open: withWatcher(eager),
  },
  {
    name: 'leaves a timer behind',
    caughtBy: 'lifecycle: repeated open, use and close leave no handle behind',
    open: withWatcher((inner) => {
      // The timer lasts long enough for the case to see it, and ends soon enough not to hold up the test run.
      setTimeout(() => {}, 4_000);
      return inner;
    }),
  },
  {
    name: 'sends all calls on a node at once',
    caughtBy:
      'frozen backend: calls that wait for a frozen backend take effect in call order, also when one between them gives up',
    open: (warehouse, options) =>
      withRegistry(() => ({ register: (service, how) => openShelf(warehouse, options).register(service, how) }))(
        warehouse,
        options,
      ),
  },
  {
    name: 'connects once and fails when it is asked again',
    caughtBy: 'lifecycle: init can be called twice, one after the other and at the same time',
    open: withRegistry((inner) => {
      let asked = false;
      return {
        init: async (options) => {
          if (asked) throw new Error('connected already');
          asked = true;
          await inner.init(options);
        },
      };
    }),
  },
  ...calls.flatMap((call): Mutant[] => [
    {
      name: `rejects an aborted ${call} with the reason of the platform`,
      caughtBy: `with a signal that is aborted during the call: ${call} ends at once with its result or ABORTED when its signal is aborted`,
      open: abortsRaw,
    },
    {
      name: `rejects a late ${call} with an error of its own`,
      caughtBy: `with a deadline: ${call} ends within its deadline, with its result or TIMEOUT`,
      open: timesOutRaw,
    },
  ]),
];

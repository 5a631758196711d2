import { done, type Mutant, watcher, withRegistry, withWatcher } from './mutant.ts';

/** Mutants with mistakes that adapters make about the end of a watcher. */
export const watchEndMutants: readonly Mutant[] = [
  {
    name: 'leaks a watcher: return ends nothing',
    caughtBy: 'end of a watch: return ends a watch and its pending next',
    open: withWatcher((inner) =>
      watcher(
        () => inner.next(),
        async () => done,
      ),
    ),
  },
  {
    name: 'goes on after its end',
    caughtBy: 'end of a watch: next of an ended watch is done, whatever changes on the roll',
    open: withRegistry((inner) => ({
      watch: (options) => {
        let current = inner.watch(options);
        return watcher(
          () => current.next(),
          async () => {
            await current.return();
            current = inner.watch(options);
            return done;
          },
        );
      },
    })),
  },
  {
    name: 'its signal ends it with an error',
    caughtBy: 'end of a watch: the signal of a watch ends it without an error',
    open: withWatcher((inner, _, { signal }) =>
      watcher(
        async () => {
          const result = await inner.next();
          if (result.done === true) signal?.throwIfAborted();
          return result;
        },
        () => inner.return(),
      ),
    ),
  },
  {
    name: 'ignores its signal',
    caughtBy: 'end of a watch: the signal of a watch ends it without an error',
    open: withRegistry((inner) => ({ watch: (options) => inner.watch({ name: options?.name }) })),
  },
  {
    name: 'close leaves watchers waiting',
    caughtBy: 'end of a watch: close of the registry ends a watch and its pending next',
    open: withWatcher((inner) => {
      let ended = false;
      return watcher(
        async () => {
          const result = await inner.next();
          return result.done === true && !ended ? new Promise(() => {}) : result;
        },
        () => {
          ended = true;
          return inner.return();
        },
      );
    }),
  },
  {
    name: 'the end of one watcher ends all',
    caughtBy: 'watch: the end of one watcher ends no other watcher',
    open: withRegistry((inner) => {
      const open: ReturnType<typeof inner.watch>[] = [];
      return {
        watch: (options) => {
          const mine = inner.watch(options);
          open.push(mine);
          return watcher(
            () => mine.next(),
            async () => {
              await Promise.all(open.map((one) => one.return()));
              return done;
            },
          );
        },
      };
    }),
  },
  {
    name: 'hands out an iterator that is not the watcher',
    caughtBy: 'watch: a watcher is its own iterator',
    open: withWatcher((inner) => ({
      ...watcher(
        () => inner.next(),
        () => inner.return(),
      ),
      [Symbol.asyncIterator]: () => inner,
    })),
  },
];

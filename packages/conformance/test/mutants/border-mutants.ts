import { type Mutant, receiving, tells, turn, withRegistry, withWatcher } from './mutant.ts';

/** Mutants with mistakes that a registry without the guard makes with its input and with its results. */
export const borderMutants: readonly Mutant[] = [
  {
    name: 'shows versions unsorted',
    caughtBy: 'lookup: getService sorts versions by code unit',
    open: withRegistry((inner) => ({
      getService: async (name, options) => (await inner.getService(name, options)).toReversed(),
    })),
  },
  {
    name: 'sorts by locale',
    caughtBy: 'lookup: getService sorts nodes by the code units of their ids',
    open: withRegistry((inner) => ({
      getService: async (name, options) =>
        (await inner.getService(name, options)).map((service) => ({
          ...service,
          nodes: service.nodes.toSorted((a, b) => a.id.localeCompare(b.id)),
        })),
    })),
  },
  {
    name: 'lists unsorted',
    caughtBy: 'list: listServices is sorted by name',
    open: withRegistry((inner) => ({
      listServices: async (options) => (await inner.listServices(options)).toReversed(),
    })),
  },
  {
    name: 'lists a name once per version',
    caughtBy: 'list: listServices sorts versions and names each once',
    open: withRegistry((inner) => ({
      listServices: async (options) =>
        (await inner.listServices(options)).flatMap(({ name, versions }) =>
          versions.map((version) => ({ name, versions: [version] })),
        ),
    })),
  },
  {
    name: 'hands out what can be changed',
    caughtBy: 'isolation: getService hands out deeply frozen objects',
    open: withRegistry((inner) => ({
      getService: async (name, options) => structuredClone(await inner.getService(name, options)),
    })),
  },
  {
    name: 'hands out a list that can be changed',
    caughtBy: 'isolation: listServices hands out deeply frozen objects',
    open: withRegistry((inner) => ({ listServices: async (options) => [...(await inner.listServices(options))] })),
  },
  {
    name: 'tells events that can be changed',
    caughtBy: 'isolation: events are deeply frozen',
    open: withWatcher((inner) => tells(inner, (event) => [{ ...event }])),
  },
  {
    name: 'keeps the object of its caller by reference',
    caughtBy: 'isolation: register copies its argument at the call',
    open: withRegistry((inner) => ({
      async register(service, options) {
        await turn();
        await inner.register(service, options);
      },
    })),
  },
  {
    name: 'freezes what it is given',
    caughtBy: 'isolation: register does not change its argument',
    open: receiving((service) => Object.freeze(service)),
  },
  {
    name: 'throws instead of rejecting',
    caughtBy: 'errors: bad arguments make calls reject and make watch throw at once',
    open: withRegistry((inner) => ({
      register(service, options) {
        if (service === undefined) throw new Error('service must be an object');
        return inner.register(service, options);
      },
    })),
  },
  {
    name: 'does not say which registry failed',
    caughtBy: 'errors: an error names its registry, and the refused call has written nothing',
    open: withRegistry(() => ({ name: 'another' })),
  },
  {
    name: 'swaps calls',
    caughtBy: 'call order: after many simultaneous registers of one node the last content stays',
    open: withRegistry((inner) => {
      let count = 0;
      return {
        async register(service, options) {
          const copy = structuredClone(service);
          count += 1;
          for (let turns = 31 - count; turns > 0; turns -= 1) await turn();
          await inner.register(copy, options);
        },
      };
    }),
  },
  {
    name: 'a removal overtakes the register before it',
    caughtBy: 'call order: a node is gone after register and deregister in that order',
    open: withRegistry((inner) => ({
      async register(service, options) {
        const copy = structuredClone(service);
        await turn();
        await inner.register(copy, options);
      },
    })),
  },
  {
    name: 'has no name',
    caughtBy: 'lifecycle: a registry has a name and complete capabilities',
    open: withRegistry(() => ({ name: '' })),
  },
  {
    name: 'hands out something at register',
    caughtBy: 'register: register resolves with undefined',
    open: withRegistry((inner) => ({
      register: (service, options) => inner.register(service, options).then(() => service as unknown as undefined),
    })),
  },
];

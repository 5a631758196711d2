import type { Registry } from '@rollcall/core';
import { type Mutant, receiving, withRegistry } from './mutant.ts';

/** Mutants that accept invalid input. */
export const limitMutants: readonly Mutant[] = [
  {
    name: 'cuts a version instead of refusing it',
    caughtBy: 'limits: version',
    open: receiving((service) => ({
      ...service,
      version: typeof service.version === 'string' ? service.version.slice(0, 64) : service.version,
    })),
  },
  {
    name: 'drops metadata that breaks a limit',
    caughtBy: 'limits: node metadata',
    open: receiving((service) => ({
      ...service,
      nodes: service.nodes?.map(({ id, address }) => ({ id, address })),
    })),
  },
  {
    name: 'takes an id twice in one call',
    caughtBy: 'limits: nodes',
    open: receiving((service) => ({
      ...service,
      nodes: Array.isArray(service.nodes)
        ? [...new Map(service.nodes.map((node) => [node?.id, node])).values()]
        : service.nodes,
    })),
  },
  {
    name: 'takes a TTL of nothing for none',
    caughtBy: 'limits: ttlMs',
    open: withRegistry((inner) => ({
      register: (service, { ttlMs, ...options } = {}) =>
        inner.register(service, { ...options, ...(ttlMs ? { ttlMs } : {}) }),
    })),
  },
  {
    name: 'writes the good nodes of a bad call',
    caughtBy: 'limits: a register with one bad node among many writes none of them',
    open: withRegistry((inner: Registry) => ({
      async register(service, options) {
        const parts = service.nodes.map((node) => ({ ...service, nodes: [node] }));
        const [failed] = await Promise.allSettled(parts.map((part) => inner.register(part, options))).then((all) =>
          all.filter((one) => one.status === 'rejected'),
        );
        if (failed === undefined) return;
        failed.reason.message = failed.reason.message.replace('nodes[0]', 'nodes[1]');
        throw failed.reason;
      },
    })),
  },
  {
    name: 'has room for more than it says',
    caughtBy: 'limits: a node above maxNodeBytes is RESOURCE_EXHAUSTED with size, limit and backend',
    open: withRegistry((inner) => ({
      register: (service, options) => inner.register({ ...service, metadata: {}, endpoints: [] }, options),
    })),
  },
  {
    name: 'asks the backend before it looks at arguments',
    caughtBy: 'limits: bad arguments are refused before any I/O',
    open: withRegistry((inner) => ({
      async register(service, options) {
        await inner.listServices();
        await inner.register(service, options);
      },
    })),
  },
  {
    name: 'takes any renew interval',
    caughtBy: 'limits: renewIntervalMs',
    open: withRegistry((inner) => ({
      register: (service, options) => inner.register(service, options && { ...options, renewIntervalMs: undefined }),
    })),
  },
  {
    name: 'cuts a name that is too long to be read',
    caughtBy: 'limits: getService, watch and deregister take any name of 1-255 printable characters',
    open: withRegistry((inner) => ({
      getService: (name, options) => inner.getService(`${name}`.slice(0, 255), options),
    })),
  },
  {
    name: 'accepts a deregister without nodes',
    caughtBy: 'limits: deregister without nodes, or with one id twice, is INVALID_ARGUMENT',
    open: withRegistry((inner) => ({
      deregister: async (service, options) => {
        if (service?.nodes?.length !== 0) await inner.deregister(service, options);
      },
    })),
  },
];

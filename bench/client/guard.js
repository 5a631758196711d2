import { memory } from '../../packages/adapters/memory/dist/index.js';
import { createRegistry } from '../../packages/core/dist/adapter/index.js';
import { RegistryError } from '../../packages/core/dist/index.js';
import { nodes, silent } from './in-process.js';

/** The number of nodes of the service, all of which change at once. */
const atOnce = 1_000;

/** Opens a registry over a stub backend, whose nodes change when `change` is called. */
function open() {
  /** @type {import('../../packages/core/dist/adapter/index.js').WatchSink | undefined} */
  let sink;
  const entries = nodes(atOnce).map((node) => ({ name: 'users', version: '1', metadata: {}, endpoints: [], node }));
  const nothing = async () => {};
  const registry = createRegistry(
    {
      ...{
        name: 'bench',
        capabilities: memory().capabilities,
        connect: nothing,
        put: nothing,
        remove: nothing,
        close: nothing,
      },
      renew: async () => [],
      read: async () => [],
      toError: (cause) => new RegistryError('INTERNAL', `${cause}`),
      watch: (_name, given, { signal }) => {
        sink = given;
        given.snapshot(entries);
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
      },
    },
    { logger: silent },
  );
  return {
    registry,
    /** Changes every node. @param {string} mark */
    change: (mark) => {
      for (const entry of entries) sink?.put({ ...entry, node: { ...entry.node, metadata: { mark } } });
    },
  };
}

/** Measures the changes that reach one watcher from the backend, per second of CPU. @param {number} turns */
export async function eventsThroughGuard(turns) {
  const { registry, change } = open();
  const watcher = registry.watch({ name: 'users' });
  const take = async (/** @type {number} */ count) => {
    for (let event = 0; event < count; event += 1) if ((await watcher.next()).done) throw new Error('the watch ended');
  };
  await take(atOnce + 1);
  const figure = await perSecond(turns, async (turn) => {
    change(`${turn}`);
    await take(atOnce);
  });
  await registry.close();
  return figure;
}

/** Measures the same through an async generator alone. @param {number} turns */
export function eventsAlone(turns) {
  const entries = nodes(atOnce);
  return perSecond(turns, async (turn) => {
    const changed = entries.map((node) => ({ ...node, metadata: { mark: `${turn}` } }));
    let taken = 0;
    for await (const _ of each(changed)) taken += 1;
    if (taken !== atOnce) throw new Error('an event is missing');
  });
}

/** @template T @param {readonly T[]} items */
async function* each(items) {
  for (const item of items) yield item;
}

/** @param {number} turns @param {(turn: number) => Promise<void>} work */
async function perSecond(turns, work) {
  const before = process.cpuUsage();
  for (let turn = 0; turn < turns; turn += 1) await work(turn);
  const { user, system } = process.cpuUsage(before);
  return (turns * atOnce) / ((user + system) / 1e6);
}

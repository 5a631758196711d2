/** @typedef {{ name: string, unit: string, isLessBetter?: boolean, digits?: number, against?: string }} Row `against`: the row of ours that a ratio compares with this row of the peer. */
/** @typedef {Record<string, number>} Figures The figures of one round of one peer, by row. */

const less = { isLessBetter: true };
const perCpu = { unit: 'per CPU second' };
const ms = { ...less, unit: 'ms' };

/** @param {number} count */
const watchRows = (count) => {
  const name = `change to ${count.toLocaleString('en-US')} watcher${count === 1 ? '' : 's'}`;
  return {
    [`change${count}`]: { name: `${name}: server CPU`, ...ms, digits: 2 },
    [`p50of${count}`]: { name: `${name}: p50`, ...ms, digits: 1 },
    ...(count > 1 ? { [`p99of${count}`]: { name: `${name}: p99`, ...ms, digits: 1 } } : {}),
    [`last${count}`]: { name: count > 1 ? `${name}: the last` : `${name}: the slowest change`, ...ms, digits: 1 },
  };
};

/** The rows that are measured, in the order of the report. @type {Readonly<Record<string, Row>>} */
export const rows = {
  register: { name: 'register, one per request', ...perCpu },
  registerAll: { name: 'register, batches of 100', ...perCpu },
  renew: { name: 'renew, one per request', ...perCpu },
  renewAll: { name: 'renew, batches of 100', ...perCpu },
  get: { name: 'get of 100 instances, warm (unchanged)', ...perCpu },
  getHash: { name: 'the same from a hash per service (HVALS)', ...perCpu, against: 'get' },
  getCold: { name: 'get of 100 instances, cold (one changed before each; both counted as one)', ...perCpu },
  list: { name: 'list of 100 services, p50', ...ms, digits: 2 },
  ...watchRows(1),
  ...watchRows(100),
  ...watchRows(1_000),
  ...watchRows(5_000),
  memory10k: { name: 'memory per instance, 10,000', ...less, unit: 'bytes' },
  memory100k: { name: 'memory per instance, 100,000', ...less, unit: 'bytes' },
  memory1m: { name: 'memory per instance, 1,000,000', ...less, unit: 'bytes' },
  rss1m: { name: 'memory of the process, 1,000,000', ...less, unit: 'MB' },
  gcFull: { name: 'longest pause of a full collection, 1,000,000', ...ms },
  gcYoung: { name: 'longest pause of any other collection, 1,000,000', ...ms },
  idle: { name: 'CPU at 333 beats a second', ...less, unit: '%', digits: 1 },
  register100k: { name: 'register, one per request, 100,000', ...perCpu },
  crash: { name: 'crash to the watcher, beyond the TTL, 1,000 that renew', ...ms },
  crash100k: { name: 'crash to the watcher, beyond the TTL, 100,000 that renew', ...ms },
  restart: { name: 'kill -9 and start, 10,000 all back', ...ms },
  restart100k: { name: 'kill -9 and start, 100,000 all back', ...ms },
};

/** The rows that also report the cores that the server and the load used. */
export const busyRows = ['register', 'registerAll', 'renew', 'renewAll', 'get', 'getHash', 'getCold', 'register100k'];

/** The rows of the client library's cost to a program; `beside` names the bare operation. @type {Readonly<Record<string, Row & { beside: string }>>} */
export const clientRows = {
  getService: {
    name: 'getService of 100 nodes from the server, p50',
    ...ms,
    digits: 2,
    beside: 'fetch and JSON.parse of the same',
  },
  getServiceCpu: {
    name: 'the same: CPU of the caller',
    ...less,
    unit: 'us',
    beside: 'fetch and JSON.parse of the same',
  },
  getServiceMemory: {
    name: 'getService of 100 nodes from memory: CPU',
    ...less,
    unit: 'us',
    digits: 1,
    beside: 'structuredClone of the same',
  },
  follow: {
    name: 'change of a node until a client that follows the service has it, p50',
    ...ms,
    digits: 1,
    beside: 'until the change is acknowledged',
  },
  followRead: {
    name: 'the nodes of a followed service: CPU',
    ...less,
    unit: 'ns',
    digits: 1,
    beside: 'an index into an array',
  },
  pickRandom: {
    name: 'pick of 1,000 nodes, at random: CPU',
    ...less,
    unit: 'ns',
    digits: 1,
    beside: 'an index into an array',
  },
  pickTurn: {
    name: 'pick of 1,000 nodes, in turn: CPU',
    ...less,
    unit: 'ns',
    digits: 1,
    beside: 'an index into an array',
  },
  fetch: { name: 'client.fetch: CPU of the caller', ...less, unit: 'us', beside: 'fetch' },
  guard: {
    name: 'events through the guard to one watcher',
    ...perCpu,
    beside: 'the same events through an async generator',
  },
  import: { name: "import of 'rollcall'", ...ms, beside: "import of 'node:http' and 'node:crypto'" },
  cli: { name: 'start of the command line (rollcall --version)', ...ms, beside: 'start of Node alone' },
  cliList: { name: 'rollcall list, against a server', ...ms, beside: 'start of Node alone' },
};

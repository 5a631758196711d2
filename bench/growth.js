// Run: node bench/growth.js [--most 100000] (after a build). It measures the cost of one operation on the in-process
// roll, in microseconds of CPU, as the roll grows. The cost should follow the size of the change, not of the roll.
// `npm run bench` runs it and puts the table into docs/performance.md.
import { parseArgs } from 'node:util';
import { wholeView } from '../packages/server/dist/access/caller.js';
import { ChangeLog } from '../packages/server/dist/changes/change-log.js';
import { Snapshots } from '../packages/server/dist/fronts/native/snapshots.js';
import { CatchUp } from '../packages/server/dist/fronts/native/watch/catch-up.js';
import { WatchGroups } from '../packages/server/dist/fronts/native/watch/watch-groups.js';
import { Roll } from '../packages/server/dist/roll/roll.js';
import { cpuPerCall } from './load/measure.js';

const { values } = parseArgs({ options: { most: { type: 'string', default: '1000000' } } });
/** The numbers of instances, services and environments; one of the three grows at a time. @type {readonly (readonly [number, number, number])[]} */
const shapes = [
  [1_000, 100, 1],
  [10_000, 1_000, 1],
  [100_000, 10_000, 1],
  [1_000_000, 100_000, 1],
  [10_000, 1_000, 100],
  [10_000, 1_000, 1_000],
  [100_000, 10_000, 1_000],
  [100_000, 10_000, 10_000],
  [10_000, 1, 1],
  [10_000, 100, 1],
  [10_000, 10_000, 1],
  [1_000_000, 100_000, 10_000],
];
const ttlMs = 90_000;

/** A clock that the benchmark moves. Its timers never fire, since `settle` checks the time itself. */
class Clock {
  time = 1_000;
  now() {
    return this.time;
  }
  wallNow() {
    return 1_767_225_600_000 + this.time;
  }
  setTimer() {
    return () => {};
  }
}

/** @param {number} instances @param {number} perService @param {number} environments */
function fleet(instances, perService, environments) {
  const clock = new Clock();
  const roll = new Roll({ clock, protection: false, cpuTimeMs: () => 0, maxBytes: Number.MAX_SAFE_INTEGER });
  const log = new ChangeLog({ changes: 10_000, bytes: 33_554_432 }, { revision: 0, at: 0 });
  const snapshots = new Snapshots(roll, clock);
  /** @type {WatchGroups<string>} */
  const groups = new WatchGroups();
  roll.follow(log);
  roll.follow(snapshots);
  roll.follow({
    changed: (change) => {
      for (const group of groups.concernedBy(change)) group.changed(change.revision);
    },
    failed: () => {},
  });
  const envOf = (/** @type {number} */ index) => `env-${Math.floor(index / perService) % environments}`;
  const serviceOf = (/** @type {number} */ index) => `service-${Math.floor(index / perService)}`;
  const register = (/** @type {number} */ index, version = '1') =>
    roll.register([
      {
        ...{ env: envOf(index), service: serviceOf(index), id: `node-${index}`, version },
        ...{ addresses: [`10.0.0.1:${1 + (index % 60_000)}`], metadata: { zone: 'a', commit: `c${index}` } },
        ...{ ttlMs, renewIntervalMs: 30_000 },
      },
    ])[0]?.handle ?? 0;
  const handles = Array.from({ length: instances }, (_, index) => register(index));
  return {
    clock,
    roll,
    snapshots,
    groups,
    catchUp: new CatchUp({ roll, log, snapshots }),
    envOf,
    serviceOf,
    register,
    handles,
  };
}

/** @param {number} instances @param {number} services @param {number} environments */
function measure(instances, services, environments) {
  const perService = instances / services;
  const { clock, roll, snapshots, groups, catchUp, envOf, serviceOf, register, handles } = fleet(
    instances,
    perService,
    environments,
  );
  const any = (/** @type {number} */ turn) => (turn * 7_919) % instances;
  const renew = cpuPerCall(200_000, (turn) => {
    if (turn % 1_000 === 0) clock.time += 1;
    roll.renew(handles[any(turn)] ?? 0);
  });
  /** @type {number[]} */
  const added = [];
  const registered = cpuPerCall(2_000, (turn) => {
    added.push(register(instances + turn));
  });
  const cancel = cpuPerCall(added.length, (turn) => {
    if (!roll.release(added[turn] ?? 0)) throw new Error('a lease that was just given is not held');
  });
  const group = groups.of({ env: envOf(0), service: serviceOf(0), view: wholeView }, roll.revision);
  let cursor = roll.revision;
  const change = cpuPerCall(2_000, (turn) => {
    register(0, `v${turn}`);
    group.told();
    catchUp.after(cursor, group);
    cursor = roll.revision;
  });
  const read = (/** @type {number} */ turn) => {
    for (const _ of snapshots.of(envOf(any(turn)), serviceOf(any(turn))).read(() => {}));
  };
  const cold = cpuPerCall(Math.ceil(20_000 / Math.max(10, perService)), (turn) => {
    register(any(turn), `r${turn}`);
    read(turn);
  });
  const warm = cpuPerCall(50_000, () => read(0));
  // A thousand instances fall silent; the others renew.
  const silent = 1_000;
  for (let index = silent; index < instances; index += 1) roll.renew(handles[index] ?? 0);
  // The clock moves in steps: the roll would take a gap for a pause of the process, during which no lease runs.
  const pass = (/** @type {number} */ ms) => {
    for (let step = 0; step < ms; step += 500) {
      clock.time += 500;
      roll.settle();
    }
  };
  pass(ttlMs - 1_000);
  for (let index = silent; index < instances; index += 1) roll.renew(handles[index] ?? 0);
  const listed = roll.revision;
  const evict = cpuPerCall(1, () => pass(2_000)) / silent;
  if (roll.revision - listed < silent) throw new Error(`only ${roll.revision - listed} changes: not all were evicted`);
  return { renew, register: registered, cancel, change, 'change and read': cold, read: warm, evict };
}

// The warm-up: this run lets V8 compile the code.
if (Number(values.most) >= 10_000) measure(10_000, 1_000, 100);
let isFirst = true;
for (const [instances, services, environments] of shapes) {
  if (instances > Number(values.most)) continue;
  const costs = measure(instances, services, environments);
  if (isFirst) {
    const names = ['instances / services / environments', ...Object.keys(costs)];
    console.log(`| ${names.join(' | ')} |\n|${names.map(() => '---').join('|')}|`);
    isFirst = false;
  }
  const what = [instances, services, environments].map((count) => count.toLocaleString('en-US')).join(' / ');
  const cells = Object.values(costs).map((each) => each.toFixed(each < 10 ? 2 : 1));
  console.log(`| ${what} | ${cells.join(' | ')} |`);
}

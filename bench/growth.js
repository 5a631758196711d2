// Run: node bench/growth.js [--most 1000000] [--write] (after a build). What one operation costs the roll in process, by how much
// exists: microseconds of CPU. Cost should follow what changes; --write puts the table into docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { wholeView } from '../packages/server/dist/access/caller.js';
import { ChangeLog } from '../packages/server/dist/changes/change-log.js';
import { Snapshots } from '../packages/server/dist/fronts/native/snapshots.js';
import { CatchUp } from '../packages/server/dist/fronts/native/watch/catch-up.js';
import { WatchGroups } from '../packages/server/dist/fronts/native/watch/watch-groups.js';
import { Roll } from '../packages/server/dist/roll/roll.js';

const { values } = parseArgs({
  options: { most: { type: 'string', default: '100000' }, write: { type: 'boolean', default: false } },
});
/** Instances of a service: a read costs the same however many services there are. */
const perService = 10;
const ttlMs = 90_000;

/** Time that moves when it is told to; timers never fire, since `settle` looks itself. */
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

/** @param {number} instances @param {number} environments */
function fleet(instances, environments) {
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

/** Microseconds of CPU for each of `count` calls. @param {number} count @param {(turn: number) => void} work */
function cost(count, work) {
  const before = process.cpuUsage();
  for (let turn = 0; turn < count; turn += 1) work(turn);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

/** @param {number} instances @param {number} environments */
function measure(instances, environments) {
  const { clock, roll, snapshots, groups, catchUp, envOf, serviceOf, register, handles } = fleet(
    instances,
    environments,
  );
  const any = (/** @type {number} */ turn) => (turn * 7_919) % instances;
  const renew = cost(200_000, (turn) => {
    if (turn % 1_000 === 0) clock.time += 1;
    roll.renew(handles[any(turn)] ?? 0);
  });
  const registered = cost(2_000, (turn) => void register(instances + turn));
  const group = groups.of({ env: envOf(0), service: serviceOf(0), view: wholeView }, roll.revision);
  let cursor = roll.revision;
  const change = cost(2_000, (turn) => {
    register(0, `v${turn}`);
    group.told();
    catchUp.after(cursor, group);
    cursor = roll.revision;
  });
  const read = (/** @type {number} */ turn) => {
    for (const _ of snapshots.of(envOf(any(turn)), serviceOf(any(turn))).read(() => {}));
  };
  const cold = cost(2_000, (turn) => {
    register(any(turn), `r${turn}`);
    read(turn);
  });
  const warm = cost(50_000, () => read(0));
  // A thousand fall silent, the others renew.
  const silent = 1_000;
  for (let index = silent; index < instances; index += 1) roll.renew(handles[index] ?? 0);
  // In steps: a gap would pass for a pause of the process, in which no lease runs.
  const pass = (/** @type {number} */ ms) => {
    for (let step = 0; step < ms; step += 500) {
      clock.time += 500;
      roll.settle();
    }
  };
  pass(ttlMs - 1_000);
  for (let index = silent; index < instances; index += 1) roll.renew(handles[index] ?? 0);
  const listed = roll.revision;
  const evict = cost(1, () => pass(2_000)) / silent;
  if (roll.revision - listed < silent) throw new Error(`only ${roll.revision - listed} changes: not all were evicted`);
  return { renew, register: registered, change, 'change and read': cold, read: warm, evict };
}

/** @type {string[]} */
const rows = [];
// Until the code is compiled.
measure(10_000, 100);
for (const instances of [1_000, 10_000, 100_000, 1_000_000].filter((count) => count <= Number(values.most)))
  for (const environments of [1, 100, 10_000].filter((count) => count * perService <= instances)) {
    const costs = measure(instances, environments);
    if (rows.length === 0)
      rows.push(
        `| instances / services / environments | ${Object.keys(costs).join(' | ')} |`,
        '|---|---|---|---|---|---|---|',
      );
    const what = [instances, instances / perService, environments]
      .map((count) => count.toLocaleString('en-US'))
      .join(' / ');
    rows.push(
      `| ${what} | ${Object.values(costs)
        .map((each) => each.toFixed(each < 10 ? 2 : 1))
        .join(' | ')} |`,
    );
    process.stderr.write(`${rows.at(-1)}\n`);
  }
console.log(rows.join('\n'));
if (values.write) {
  const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
  const text = readFileSync(page, 'utf8');
  writeFileSync(
    page,
    text.replace(/<!-- growth -->.*?<!-- end growth -->/s, `<!-- growth -->\n${rows.join('\n')}\n<!-- end growth -->`),
  );
}

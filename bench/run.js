// Run: npm run bench [-- --rounds 5 --only renew,get --peers rollcall,etcd --quick --no-write]
// --beside <bin/rollcall.js of another build> measures that one in the same run, as a before and after.
// The same load on our server and on others, in interleaved rounds, measured by what each server computes. Writes the
// tables of docs/performance.md and its picture.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { consul } from './peers/consul.js';
import { etcd } from './peers/etcd.js';
import { floor } from './peers/floor.js';
import { redis } from './peers/redis.js';
import { rollcall } from './peers/rollcall.js';
import { longPhases, mainPhases } from './phases.js';
import { picture } from './report/picture.js';
import { ratios, table } from './report/report.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    'long-rounds': { type: 'string', default: '1' },
    /** Rows: the keys in phases.js. */
    only: { type: 'string' },
    peers: { type: 'string' },
    /** A file that keeps the figures as they come. */
    results: { type: 'string' },
    /** Such a file, whose tables are written without measuring. */
    from: { type: 'string' },
    quick: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    /** Another build of ours in the same run, for a before and after. */
    beside: { type: 'string' },
  },
});
const makers = { rollcall, etcd, redis, floor, consul };
const chosen = Object.entries(makers).filter(([name]) => values.peers?.split(',').includes(name) ?? true);
const wants = (/** @type {string} */ row) => values.only?.split(',').includes(row) ?? true;
const all = chosen.map(
  ([, make]) =>
    () =>
      make(),
);
const { beside } = values;
if (beside !== undefined) all.unshift(() => rollcall({ name: 'before', bin: beside, args: () => [] }));
const rounds = values.from !== undefined ? 0 : values.quick ? 1 : Number(values.rounds);
const longRounds = values.from !== undefined || values.quick ? 0 : Number(values['long-rounds']);
/** @type {Record<string, import('./phases.js').Figures[]>} */
const results = values.from === undefined ? {} : JSON.parse(readFileSync(values.from, 'utf8'));

/** @param {number} count @param {string} what @param {(peer: import('./peers/peer.js').Peer) => Promise<import('./phases.js').Figures>} phases */
async function play(count, what, phases) {
  for (let round = 1; round <= count; round += 1) {
    for (const make of all) {
      const peer = await make();
      process.stderr.write(`${what} ${round} of ${count}: ${peer.name}\n`);
      try {
        const figures = await phases(peer);
        results[peer.name] = [...(results[peer.name] ?? []), figures];
        if (values.results !== undefined) writeFileSync(values.results, JSON.stringify(results));
      } catch (error) {
        process.stderr.write(`${peer.name} failed: ${error instanceof Error ? error.message : error}\n`);
        await peer.dispose();
      }
    }
  }
}

await play(rounds, 'round', (peer) => mainPhases(peer, { quick: values.quick, wants }));
await play(longRounds, 'long round', (peer) => longPhases(peer, { wants }));

const ours = 'rollcall';
console.log(`${table(results)}\n\n${ratios(results, ours)}`);
if (
  !values['no-write'] &&
  !values.quick &&
  values.only === undefined &&
  values.peers === undefined &&
  beside === undefined
) {
  const docs = (/** @type {string} */ name) => fileURLToPath(new URL(`../docs/${name}`, import.meta.url));
  const machine = `${cpus().length} processors (${cpus()[0]?.model.trim()}), Node ${process.version}, medians (ranges) of interleaved rounds; a figure without a range was measured once.`;
  const page = readFileSync(docs('performance.md'), 'utf8');
  const measured = `<!-- measured -->\n${machine}\n\n${table(results)}\n\n${ratios(results, ours)}\n<!-- end -->`;
  writeFileSync(docs('performance.md'), page.replace(/<!-- measured -->.*?<!-- end -->/s, measured));
  writeFileSync(docs('performance.svg'), picture(results));
}
process.exit(0);

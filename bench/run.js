// Run: npm run bench (after a build; --help says what can be chosen). The same load on our server and on others, in
// interleaved rounds, measured by what each server computes. Writes the tables of docs/performance.md and its picture.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { openGcFile } from './load/gc-file.js';
import { clientSide, growth } from './load/own-side.js';
import { full, quick, tiny } from './load/scales.js';
import { readOptions } from './options.js';
import { makers } from './peers/all.js';
import { rollcall } from './peers/rollcall.js';
import { phases } from './phases/phases.js';
import { sections, writePage } from './report/page.js';

/** @typedef {import('./report/report.js').Run} Run */
/** @typedef {import('./phases/phases.js').Phase} Phase */
/** @param {NonNullable<ReturnType<typeof readOptions>>} options */
async function measure(options) {
  const scale = options.tiny ? tiny : options.quick ? quick : full;
  const wants = (/** @type {readonly string[]} */ names) =>
    options.only === undefined || names.some((name) => options.only?.includes(name));
  const peers = Object.entries(makers).flatMap(([name, make]) =>
    (options.peers?.includes(name) ?? true) ? [make] : [],
  );
  const { beside } = options;
  if (beside !== undefined) peers.unshift(() => rollcall({ name: 'before', bin: beside }));
  /** @type {Run} */
  const run = { peers: {}, client: { own: [], beside: [] }, growth: '', failures: [], machine: '' };
  const keep = () => options.results !== undefined && writeFileSync(options.results, JSON.stringify(run));
  const gc = openGcFile();
  const isOver = () => performance.now() > options.minutes * 60_000;

  /** @param {string} what @param {unknown} error */
  const failed = (what, error) => {
    const why = (error instanceof Error ? error.message : `${error}`).replace(/\s+/g, ' ').slice(0, 300);
    run.failures.push(`${what}: ${why}`);
    say(`${what} failed: ${why}`);
  };

  /** @param {string} name @param {Phase} phase @param {number} round */
  const play = async (name, phase, round) => {
    for (const make of peers) {
      const peer = await make(name === 'huge' ? gc.nodeArgs : []);
      gc.clear();
      const begun = performance.now();
      const rows = (/** @type {string} */ row) => wants([name, row]);
      try {
        const figures = await within(phase.limitMs, phase.run(peer, { scale, wants: rows, pauses: gc.longest }));
        if (Object.keys(figures).length > 0) run.peers[peer.name] = [...(run.peers[peer.name] ?? []), figures];
      } catch (error) {
        failed(`${peer.name}, ${name}`, error);
      } finally {
        await peer.dispose();
      }
      keep();
      say(
        `${name}, round ${round} of ${Math.min(phase.rounds, options.rounds)}: ${peer.name}, ${((performance.now() - begun) / 1_000).toFixed(0)} s`,
      );
    }
  };

  /** All rounds of some phases, which take turns; after the first only while there is time. @param {readonly string[]} names @param {readonly number[]} rounds */
  const playAll = async (names, rounds) => {
    for (const round of rounds)
      for (const name of names) {
        const phase = phases[name];
        if (phase === undefined || round > Math.min(phase.rounds, options.rounds) || !wants([name, ...phase.rows]))
          continue;
        if (round === 1 || !isOver()) await play(name, phase, round);
      }
  };
  const cheap = Object.keys(phases).filter((name) => phases[name]?.isCheap);
  const others = Object.keys(phases).filter((name) => !cheap.includes(name));
  await playAll(cheap, [1, 2, 3, 4, 5]);
  await playAll(others, [1]);
  /** @template T @param {string} name @param {Promise<T>} part @param {(result: T) => void} take */
  const own = async (name, part, take) => {
    await part.then(take, (error) => failed(name, error));
    say(name);
  };
  if (wants(['client'])) await own('client', clientSide(scale), (client) => Object.assign(run, { client }));
  if (wants(['growth'])) await own('growth', growth(scale), (table) => Object.assign(run, { growth: table }));
  // What time is left goes to further rounds of what takes long.
  await playAll(others, [2, 3]);
  run.machine = `${cpus().length} processors (${cpus()[0]?.model.trim()}), Node ${process.version}: medians (ranges) of interleaved rounds.`;
  keep();
  return run;
}

/** @template T @param {number} ms @param {Promise<T>} work @returns {Promise<T>} */
async function within(ms, work) {
  let cancel = () => {};
  const late = new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`it took longer than ${ms / 1_000} s`)), ms);
    cancel = () => clearTimeout(timer);
  });
  try {
    return await Promise.race([work, /** @type {Promise<never>} */ (late)]);
  } finally {
    cancel();
  }
}

/** @param {string} what */
function say(what) {
  const seconds = Math.round(performance.now() / 1_000);
  process.stderr.write(`${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, '0')} ${what}\n`);
}

/** @returns {Promise<number>} The exit code. */
async function main() {
  const options = readOptions();
  if (options === undefined) return 0;
  const run = options.from === undefined ? await measure(options) : JSON.parse(readFileSync(options.from, 'utf8'));
  console.log(
    Object.values(sections(run))
      .filter((each) => each !== '')
      .join('\n\n'),
  );
  if (options.writes) writePage(run);
  return run.failures.length === 0 ? 0 : 1;
}

// A connection of a peer that failed would hold the process open.
process.exit(
  await main().catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 2;
  }),
);

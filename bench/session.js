import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { openGcFile } from './load/gc-file.js';
import { clientSide, growth } from './load/own-side.js';
import { full, quick, tiny } from './load/scales.js';
import { makers, versionOf } from './peers/all.js';
import { rollcall } from './peers/rollcall.js';
import { phases } from './phases/phases.js';

/** @typedef {import('./report/report.js').Run} Run */
/** @typedef {NonNullable<ReturnType<typeof import('./options.js').readOptions>>} Options */

/** One run of the benchmark. The results name a peer or a phase that fails, and the run goes on with the rest. */
export class Session {
  #options;
  #scale;
  /** @type {Run} */
  #run = { peers: {}, client: { own: [], beside: [] }, growth: '', failures: [], machine: '' };
  /** @type {import('./peers/all.js').Maker[]} */
  #peers = [];
  #gc = openGcFile();
  /** The failed phases, which run once more: the cause may be a stall of the machine. @type {{ failure: string, again: () => Promise<void> }[]} */
  #failedPlays = [];

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#scale = options.tiny ? tiny : options.quick ? quick : full;
  }

  /** @returns {Promise<Run>} */
  async measure() {
    say('minutes and seconds, what is done, and how long it took');
    await this.#findPeers();
    const cheap = Object.keys(phases).filter((name) => phases[name]?.isCheap);
    const others = Object.keys(phases).filter((name) => !cheap.includes(name));
    await this.#playAll(cheap, [1, 2, 3, 4, 5]);
    await this.#playAll(others, [1]);
    await this.#ownSide('client', clientSide);
    await this.#ownSide('growth', growth);
    // The failed phases, then further rounds of the long phases, use the time that is left.
    for (const { failure, again } of this.#failedPlays.splice(0)) {
      if (this.#isOver()) continue;
      this.#run.failures = this.#run.failures.filter((each) => each !== failure);
      await again();
    }
    await this.#playAll(others, [2, 3]);
    return this.#run;
  }

  async #findPeers() {
    const { beside, peers } = this.#options;
    if (beside !== undefined) this.#peers.push({ make: () => rollcall({ name: 'before', bin: beside }) });
    const versions = [`Node ${process.version}`];
    for (const [name, maker] of Object.entries(makers)) {
      if (!(peers?.includes(name) ?? true)) continue;
      try {
        const version = await versionOf(maker);
        if (version !== undefined) versions.push(version);
        this.#peers.push(maker);
      } catch (error) {
        this.#failed(name, error);
      }
    }
    const processors = `${cpus().length} processors (${cpus()[0]?.model.trim()})`;
    const others = loadavg()[0]?.toFixed(1);
    this.#run.machine = `${processors}, ${versions.join(', ')}, load of the machine at the start ${others}: medians (ranges) of interleaved rounds.`;
  }

  /** Plays rounds of some phases, which take turns. Rounds after the first run only while there is time. @param {readonly string[]} names @param {readonly number[]} rounds */
  async #playAll(names, rounds) {
    for (const round of rounds)
      for (const name of names) {
        const phase = phases[name];
        if (phase === undefined || !this.#wants([name, ...phase.rows])) continue;
        const most = Math.min(phase.rounds, this.#options.rounds);
        if (round > most || (round > 1 && this.#isOver())) continue;
        for (const maker of this.#peers) await this.#play(`${name}, round ${round} of ${most}`, name, phase, maker);
      }
  }

  /** @param {string} what @param {string} name @param {import('./phases/phases.js').Phase} phase @param {import('./peers/all.js').Maker} maker */
  async #play(what, name, phase, { make }) {
    this.#gc.clear();
    const peer = await make(name === 'huge' ? this.#gc.nodeArgs : []);
    const begun = performance.now();
    const wants = (/** @type {string} */ row) => this.#wants([name, row]);
    try {
      const options = { scale: this.#scale, wants, pauses: this.#gc.longest };
      const figures = await within(phase.limitMs, phase.run(peer, options));
      const { peers } = this.#run;
      if (Object.keys(figures).length > 0) peers[peer.name] = [...(peers[peer.name] ?? []), figures];
      say(`${what}: ${peer.name}, ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
    } catch (error) {
      const failure = this.#failed(`${peer.name}, ${name}`, error);
      this.#failedPlays.push({ failure, again: () => this.#play(`${what} again`, name, phase, { make }) });
    } finally {
      await peer.dispose();
    }
    this.#keep();
  }

  /** @template {'client' | 'growth'} K @param {K} name @param {(scale: import('./load/scales.js').Scale) => Promise<Run[K]>} part */
  async #ownSide(name, part) {
    if (!this.#wants([name])) return;
    say(`${name}: up to 4 minutes`);
    try {
      this.#run[name] = await part(this.#scale);
    } catch (error) {
      this.#failed(name, error);
    }
    this.#keep();
  }

  #isOver() {
    return performance.now() > this.#options.minutes * 60_000;
  }

  /** @param {readonly string[]} names */
  #wants(names) {
    const { only } = this.#options;
    return only === undefined || names.some((name) => only.includes(name));
  }

  /** @param {string} what @param {unknown} error */
  #failed(what, error) {
    const why = (error instanceof Error ? error.message : `${error}`).replace(/\s+/g, ' ').slice(0, 300);
    const failure = `${what}: ${why}`;
    this.#run.failures.push(failure);
    say(`failed: ${failure}`);
    return failure;
  }

  #keep() {
    const { results } = this.#options;
    if (results === undefined) return;
    mkdirSync(dirname(results), { recursive: true });
    writeFileSync(results, JSON.stringify(this.#run));
  }
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

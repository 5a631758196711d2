import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makers } from './peers/all.js';
import { phases } from './phases/phases.js';

/** The file that keeps the results of the last full run. Git ignores it; the page can be written from it again. */
const kept = fileURLToPath(new URL('../.cache/bench.json', import.meta.url));
/** Phases that need no peer. */
const ownPhases = {
  client: 'what our own side costs a program',
  growth: 'the roll in process, by how much exists',
};

const help = `npm run bench [-- options]

The same load on our server (its roll on disk) and on others, in interleaved rounds, per second of each server's CPU.
Without options it measures everything in about 25 minutes and writes docs/performance.md and docs/performance.svg.

  --only <names>     phases, or rows of them, separated by commas (nothing is written)
  --peers <names>    ${Object.keys(makers).join(', ')} (nothing is written)
  --rounds <number>  rounds of each phase at most; default: what the list below says
  --minutes <number> after which no further round begins; default 25
  --quick            a fifth of the load, one round: to see which way a change goes (nothing is written)
  --tiny             a hundredth: to see that it runs (nothing is written)
  --beside <path>    bin/rollcall.js of another build, measured as "before" in the same run (nothing is written)
  --results <file>   keeps the figures there as they come; default for a whole run: .cache/bench.json
  --from <file>      writes the page from such a file, without measuring
  --no-write         prints only

Phases, with their rounds and rows:
${Object.entries(phases)
  .map(
    ([name, { what, rounds, rows }]) => `  ${name.padEnd(12)} ${rounds} x  ${what}\n${' '.repeat(20)}${rows.join(' ')}`,
  )
  .join('\n')}
${Object.entries(ownPhases)
  .map(([name, what]) => `  ${name.padEnd(12)} 1 x  ${what}`)
  .join('\n')}

Examples:
  npm run bench -- --only renew,get --peers rollcall,etcd --rounds 3
  npm run bench -- --quick --peers rollcall,floor --beside ../before/packages/cli/bin/rollcall.js
`;

/** Reads the command line; returns undefined after it has printed the help. */
export function readOptions() {
  const { values } = parseArgs({
    options: {
      ...{ help: { type: 'boolean', short: 'h' }, only: { type: 'string' }, peers: { type: 'string' } },
      ...{ rounds: { type: 'string' }, minutes: { type: 'string', default: '25' } },
      ...{ quick: { type: 'boolean', default: false }, tiny: { type: 'boolean', default: false } },
      ...{ beside: { type: 'string' }, results: { type: 'string' }, from: { type: 'string' } },
      'no-write': { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return undefined;
  }
  const [only, peers] = [values.only?.split(','), values.peers?.split(',')];
  const known = [
    ...Object.keys(phases),
    ...Object.keys(ownPhases),
    ...Object.values(phases).flatMap(({ rows }) => rows),
  ];
  refuseOthers('--only', only, known);
  refuseOthers('--peers', peers, Object.keys(makers));
  const rounds = numberOf('--rounds', values.rounds) ?? (values.quick || values.tiny ? 1 : Number.POSITIVE_INFINITY);
  const isPart = [only, peers, values.beside].some((each) => each !== undefined) || values.quick || values.tiny;
  /** The page needs a full run: a partial one would mix figures of several runs. */
  const writes = !isPart && !values['no-write'];
  const results = values.results ?? (writes && values.from === undefined ? kept : undefined);
  return {
    ...{ only, peers, rounds, minutes: numberOf('--minutes', values.minutes) ?? 0 },
    ...{ quick: values.quick, tiny: values.tiny, beside: values.beside, from: values.from },
    ...{ results, writes },
  };
}

/** @param {string} flag @param {readonly string[] | undefined} given @param {readonly string[]} known */
function refuseOthers(flag, given, known) {
  const unknown = given?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`${flag} does not know ${unknown.join(', ')}. It takes: ${known.join(', ')}`);
}

/** @param {string} flag @param {string | undefined} given */
function numberOf(flag, given) {
  if (given === undefined) return undefined;
  if (!/^\d+$/.test(given) || Number(given) === 0)
    throw new Error(`${flag} takes a whole number from 1 on, not ${given}`);
  return Number(given);
}

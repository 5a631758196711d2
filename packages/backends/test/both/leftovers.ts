/** What a registry must not leave behind: a process that does not end, handles, memory. */
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import { startProgram } from '../../src/index.ts';

const exits = fileURLToPath(new URL('./exits.js', import.meta.url));

/** How a program leaves its registry: closed, open, or open with a watcher. */
export const leavings = ['close', 'leave', 'watch'] as const;

/** Expects a program to end by itself that used a registry of the adapter, and to print nothing but its one node. */
export async function endsByItself(adapter: string, options: object, leaving: string): Promise<void> {
  const { ended } = startProgram([exits, adapter, JSON.stringify(options), leaving]);
  expect(await ended).toEqual({ code: 0, out: '1\n', err: '' });
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** Rounds that must leave nothing behind. */
export interface Rounds {
  /** The subject of the line that tells the growth. */
  readonly name: string;
  readonly warmUp: number;
  readonly count: number;
  /** Plays the rounds from one index up to another. */
  readonly play: (from: number, to: number) => Promise<void>;
}

/** Expects the rounds after the warm-up to keep handles and memory flat. */
export async function stayFlat({ name, warmUp, count, play }: Rounds): Promise<void> {
  const handles = (): number =>
    process.getActiveResourcesInfo().filter((resource) => /TCP|UDP|Timeout/.test(resource)).length;
  await play(0, warmUp);
  const [heapBefore, handlesBefore] = [heap(), handles()];
  await play(warmUp, warmUp + count);
  await expect.poll(handles, { timeout: 10_000 }).toBeLessThanOrEqual(handlesBefore);
  const grown = (heap() - heapBefore) / 1_048_576;
  console.log(`${name}: ${grown.toFixed(1)} MiB more heap after ${count} rounds`);
  // The heap may grow by 1 MiB of normal variation, and by 15 KiB for each round.
  expect(grown).toBeLessThan(1 + (count * 15) / 1_024);
}

/** Plays one round after another. */
export const oneByOne =
  (round: (index: number) => Promise<void>) =>
  async (from: number, to: number): Promise<void> => {
    for (let index = from; index < to; index += 1) await round(index);
  };

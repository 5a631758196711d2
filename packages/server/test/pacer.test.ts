import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Pacer } from '../src/http/pacer.ts';

it('the pacer lets other work go on after each half MiB that it has written to clients', async () => {
  const pacer = new Pacer();
  const written = Array<number>(1_000).fill(0);
  for (const index of written.keys()) {
    pacer.enqueue({
      step: () => {
        const left = 655_360 - (written[index] ?? 0);
        written[index] = (written[index] ?? 0) + Math.min(left, 65_536);
        return Math.min(left, 65_536);
      },
    });
  }
  const total = (): number => written.reduce((sum, bytes) => sum + bytes, 0);
  let largestTurn = 0;
  for (let turns = 0; total() < 655_360_000 && turns < 3_000; turns += 1) {
    const before = total();
    await setImmediate();
    largestTurn = Math.max(largestTurn, total() - before);
    expect(Math.max(...written) - Math.min(...written)).toBeLessThanOrEqual(65_536);
  }
  expect(total()).toBe(655_360_000);
  expect(largestTurn).toBeLessThanOrEqual(2 * 524_288);
});

it('a connection ends when its answer fails half-way, so that no client takes the answer for complete', async () => {
  let destroyed = false;
  const response = Object.assign(new EventEmitter(), {
    write: () => true,
    destroy: () => {
      destroyed = true;
    },
  }) as unknown as ServerResponse;
  new Pacer().answer(response, failing());
  await setImmediate();
  await setImmediate();
  await setImmediate();
  expect(destroyed).toBe(true);
});

function* failing(): Generator<Buffer, undefined> {
  yield Buffer.from('[');
  throw new Error('broken');
}

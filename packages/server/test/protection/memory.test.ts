import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Protection } from '../../src/protection/index.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

it.each([
  ['while it is still listed', 5_000],
  ['after it was evicted', 95_000],
])('self-protection forgets dead instances when each is killed and replaced %s, 20,000 times', (_, replacedAfterMs) => {
  const protection = new Protection({ enabled: true });
  const lease = { ttlMs: 90_000, renewIntervalMs: 30_000 };
  let generation = 0;
  let now = 0;
  const hear = (id: string): void => {
    const member = protection.member('app', id);
    if (member !== undefined) protection.renewed(member, now);
  };
  const replace = (): void => {
    const [died, dead] = [now, `${generation}`];
    generation += 1;
    const events: [number, () => void][] = [
      [died + replacedAfterMs, () => protection.registered('app', `${generation}`, lease, now)],
      // A newcomer that has registered by now renews here, so that it is not late when its predecessor expires.
      [died + 85_000, () => hear(`${generation}`)],
      [died + 90_000, () => protection.expired('app', dead, now)],
    ];
    for (const [at, event] of events.sort(([a], [b]) => a - b)) {
      now = at;
      event();
      protection.advance(now);
    }
  };
  protection.registered('app', '0', lease, now);
  for (let round = 0; round < 1_000; round += 1) replace();
  const before = heap();
  for (let round = 0; round < 20_000; round += 1) replace();
  expect((heap() - before) / 1_048_576).toBeLessThan(1);
  // The test uses `protection` here, so that it is not collected before the measurement.
  expect(protection.view(now).held).toBe(0);
});

it.each([
  ['evicted at once', false],
  ['replaced one by one', true],
])('self-protection remembers a bounded number of departed instances, however many are %s', (_, enabled) => {
  const protection = new Protection({ enabled });
  const lease = { ttlMs: 1_000, renewIntervalMs: 500 };
  for (let index = 0; index < 20_000; index += 1) {
    const now = index * 10;
    protection.registered('app', `${index}`, lease, now);
    if (index >= 100) protection.expired('app', `${index - 100}`, now);
    protection.advance(now);
  }
  // A hundred instances are listed at any time.
  expect(protection.remembered).toBeGreaterThan(1_000);
  expect(protection.remembered).toBeLessThanOrEqual(1_000 + 4 * 102);
});

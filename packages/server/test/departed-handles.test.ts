import { manualClock } from '@rollcall/core/testing';
import { expect, it } from 'vitest';
import { Roll } from '../src/roll/roll.ts';
import { rememberedDepartures } from '../src/server-options.ts';

const web = { env: 'prod', service: 'web', id: 'n1', addresses: ['192.0.2.1:80'], ttlMs: 1_000 };

function rollWithHandle() {
  const clock = manualClock();
  const roll = new Roll({ clock, protection: false, cpuTimeMs: () => 0, maxBytes: 2 ** 30 });
  const handleOf = (registration = web): number => roll.register([registration])[0]?.handle ?? 0;
  return { clock, roll, handleOf };
}

it('a handle of an expired instance is unknown, and taken over once another client has registered the id', async () => {
  const { clock, roll, handleOf } = rollWithHandle();
  const mine = handleOf();
  await clock.advance(1_500);
  expect(roll.renew(mine)).toBe('unknown');
  const other = handleOf();
  expect(roll.renew(mine)).toBe('taken');
  expect(roll.renew(other)).toBe('renewed');
  expect(roll.release(mine)).toBe(false);
  expect(roll.instances('prod', 'web')).toHaveLength(1);
  roll.deregister(web);
  expect(roll.renew(mine)).toBe('unknown');
  roll.close();
});

it('a handle of a deregistered instance is taken over once another client has registered the id, also after a takeover', () => {
  const { roll, handleOf } = rollWithHandle();
  const [first, second] = [handleOf(), handleOf()];
  roll.deregister(web);
  expect([roll.renew(first), roll.renew(second)]).toEqual(['unknown', 'unknown']);
  const third = handleOf();
  expect([roll.renew(first), roll.renew(second), roll.renew(third)]).toEqual(['taken', 'taken', 'renewed']);
  roll.close();
});

it('the number of remembered departures is bounded, and the oldest are forgotten first', () => {
  const { roll, handleOf } = rollWithHandle();
  const mine = handleOf();
  for (let index = 0; index <= rememberedDepartures; index += 1) {
    roll.deregister(web);
    handleOf();
  }
  expect(roll.renew(mine)).toBe('unknown');
  roll.close();
});

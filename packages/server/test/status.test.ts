import { manualClock } from '@rollcall/core/testing';
import { afterEach, expect, it } from 'vitest';
import { writeStatus } from '../src/fronts/native/native-mapping.ts';
import { Roll } from '../src/roll/roll.ts';
import { spellDuration } from '../src/roll/spell.ts';

const rolls: Roll[] = [];
afterEach(() => {
  for (const roll of rolls.splice(0)) roll.close();
});

/** A fleet of two services, eight and two nodes, that renews every 10 s with a TTL of 30 s. */
function fleet(protection = true, env = 'default') {
  const clock = manualClock();
  const roll = new Roll({ clock, protection, cpuTimeMs: () => clock.now(), maxBytes: 1e9 });
  rolls.push(roll);
  const handles = new Map<string, number>();
  for (let index = 0; index < 10; index += 1) {
    const service = index < 8 ? 'web' : 'db';
    const lease = { ttlMs: 30_000, renewIntervalMs: 10_000 };
    const [granted] = roll.register([{ env, service, id: `n${index}`, addresses: ['10.0.0.1:80'], ...lease }]);
    handles.set(`n${index}`, granted!.handle);
  }
  const renew = (...silent: string[]): void => {
    for (const [id, handle] of handles) if (!silent.includes(id)) roll.renew(handle);
  };
  const run = async (ms: number, ...silent: string[]): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 5_000) {
      renew(...silent);
      await clock.advance(5_000);
    }
    renew(...silent);
  };
  const status = () => roll.status(env)[0]!;
  return { roll, clock, run, status };
}

it('the status of a calm environment says that nothing is held', async () => {
  const { run, status } = fleet();
  await run(20_000);
  expect(status()).toMatchObject({
    ...{ state: 'calm', on: false, since: undefined, backUntilCalm: 0, firstMayGoAt: undefined, out: 0 },
    ...{ applications: [], heldInstances: [], renewsExpected: 60 },
    explanation:
      'Not protecting: 0 of 10 are silent or were evicted in the last five minutes with no newcomer in their place; more than 1 would be too many.',
  });
});

it('the status of a protecting environment says since when, how many each application misses, what is held and what ends it', async () => {
  const { roll, clock, run, status } = fleet();
  await run(20_000);
  const renewed = clock.wallNow();
  await run(60_000, 'n0', 'n1', 'n2', 'n9');
  roll.set([{ env: 'default', service: 'db', id: 'n9', status: 'out' }]);
  const answer = status();
  expect(answer).toMatchObject({
    ...{ state: 'protecting', on: true, missing: 4, considered: 10, threshold: 1, held: 4, late: 4, out: 1 },
    // An instance is late after 12.5 s; the second late instance was one too many.
    since: renewed + 12_500,
    backUntilCalm: 3,
    firstMayGoAt: renewed + 3_600_000,
    applications: [
      { service: 'web', instances: 8, late: 3, missing: 3, considered: 8, held: 3 },
      { service: 'db', instances: 2, late: 1, missing: 1, considered: 2, held: 1 },
    ],
    heldInstances: ['n0', 'n1', 'n2', 'n9'].map((id) => ({ id, silentMs: 60_000, mayGoAt: renewed + 3_600_000 })),
  });
  expect(answer.explanation).toBe(
    'Protecting for 48 s: 4 of 10 are silent or were evicted in the last five minutes with no newcomer in their place, more than 1. The registry blames the network and evicts none; the silent stay listed, marked late, 4 of them beyond their TTL. It ends when 3 of them have renewed or are replaced. An instance that stays silent is evicted after an hour, the first in 59 min. To evict the expired now: rollcall protection end.',
  );
  expect(writeStatus(answer).heldInstances[0]).toEqual({
    ...{ appid: 'web', hostname: 'n0', silentMs: 60_000, mayGoAt: renewed + 3_600_000 },
  });

  // Three instances renew again; the last one is evicted after two quiet intervals of its own.
  await run(5_000, 'n9');
  const waiting = status();
  expect(waiting).toMatchObject({ state: 'waiting', on: true, since: renewed + 12_500, held: 1, backUntilCalm: 0 });
  expect(waiting.firstMayGoAt).toBe(renewed + 60_000 + 20_000);
  expect(waiting.explanation).toContain(
    'but 1 expired instance is still listed and is evicted after two quiet intervals of its own, the first in 15 s.',
  );
  await run(15_000, 'n9');
  expect(status()).toMatchObject({
    state: 'calm',
    instances: 9,
    since: undefined,
    forgetsAt: clock.wallNow() + 300_000,
  });
});

it('the status says that even the ceiling evicts nothing while no instance renews', async () => {
  const { clock, status } = fleet();
  await clock.advance(60_000);
  expect(status()).toMatchObject({ heard: false, held: 10, backUntilCalm: 9 });
  expect(status().explanation).toContain('the first in 59 min, and none while no instance at all renews.');
});

it('the status of a server without self-protection says so', async () => {
  const { run, status } = fleet(false);
  await run(20_000);
  expect(status()).toMatchObject({ state: 'disabled', on: false });
  expect(status().explanation).toBe('Self-protection is switched off: each instance is evicted when its TTL runs out.');
});

it('the status lists at most fifty of each kind and counts the rest', async () => {
  const clock = manualClock();
  const roll = new Roll({ clock, protection: true, cpuTimeMs: () => clock.now(), maxBytes: 1e9 });
  rolls.push(roll);
  for (let index = 0; index < 60; index += 1)
    roll.register([{ env: 'e', service: `s${index}`, id: 'a', addresses: ['10.0.0.1:80'], ttlMs: 1_000 }]);
  await clock.advance(2_000);
  const status = roll.status('e')[0]!;
  expect(status).toMatchObject({ moreApplications: 10, moreHeld: 10, held: 60 });
  expect([status.applications.length, status.heldInstances.length]).toEqual([50, 50]);
});

it.each([
  [0, '0 s'],
  [1_234, '1.2 s'],
  [94_000, '94 s'],
  [150_000, '3 min'],
  [7_500_000, '2 h 5 min'],
  [7_199_999, '120 min'],
])('the status spells %d ms as %s', (ms, text) => {
  expect(spellDuration(ms)).toBe(text);
});

import { manualClock } from '@rollcall/core/testing';
import { afterEach, expect, it } from 'vitest';
import type { Change } from '../src/roll/followers.ts';
import type { Registration } from '../src/roll/registration.ts';
import { Roll } from '../src/roll/roll.ts';

const clock = manualClock();
const rolls: Roll[] = [];
afterEach(() => {
  for (const roll of rolls.splice(0)) roll.close();
});

/** A roll and every change of it. */
function rollOf(protection: boolean): { readonly roll: Roll; readonly changes: Change[] } {
  const roll = new Roll({ clock, protection, cpuTimeMs: () => clock.now(), maxBytes: 1e9 });
  rolls.push(roll);
  const changes: Change[] = [];
  roll.follow({
    changed: (change) => changes.push(change),
    failed: (cause) => {
      throw cause;
    },
  });
  return { roll, changes };
}

const node = (id: string, over: Partial<Registration> = {}): Registration => ({
  env: 'e',
  service: 'web',
  id,
  addresses: ['10.0.0.1:80'],
  ttlMs: 3_000,
  renewIntervalMs: 1_000,
  ...over,
});
const by = { address: '10.9.9.9' };
const told = (changes: readonly Change[]) =>
  changes.map(({ instance, type, evidence }) => ({ id: instance.id, type, ...evidence }));

it('each change carries its wall time and evidence that survives JSON', async () => {
  const { roll, changes } = rollOf(false);
  roll.register([node('a')], by);
  await clock.advance(1_500);
  roll.deregister(node('a'));
  const wall = clock.wallNow();
  expect(changes.map(({ revision, at }) => [revision, wall - at])).toEqual([
    [1, 1_500],
    // The instance is late after 1.25 intervals.
    [2, 250],
    [3, 0],
  ]);
  expect(JSON.parse(JSON.stringify(changes)).map(({ evidence }: Change) => evidence)).toEqual([
    { what: 'registered', by },
    { what: 'late', silentMs: 1_250, renewIntervalMs: 1_000 },
    { what: 'deregistered', holder: false },
  ]);
});

it('the evidence of a register names the changed fields, and a register without a difference makes no change', () => {
  const { roll, changes } = rollOf(false);
  roll.register([node('a')]);
  roll.register([node('a')], by);
  roll.register([node('a', { version: '2', metadata: { k: 'v' } })], by);
  expect(told(changes)).toEqual([
    { id: 'a', type: 'put', what: 'registered' },
    { id: 'a', type: 'put', what: 'updated', fields: ['version', 'metadata'], by },
  ]);
});

it('a removal by the handle is told apart from a removal by the name', () => {
  const { roll, changes } = rollOf(false);
  const [a] = roll.register([node('a'), node('b')]);
  roll.release(a!.handle, by);
  roll.deregister(node('b'), by);
  expect(told(changes.slice(2))).toEqual([
    { id: 'a', type: 'remove', what: 'deregistered', holder: true, by },
    { id: 'b', type: 'remove', what: 'deregistered', holder: false, by },
  ]);
});

it("the evidence of a late node's renewal tells how long it had been silent", async () => {
  const { roll, changes } = rollOf(false);
  const [a] = roll.register([node('a')]);
  await clock.advance(2_000);
  roll.renew(a!.handle);
  await clock.advance(2_500);
  roll.register([node('a')]);
  expect(told(changes.filter(({ evidence }) => evidence.what === 'on-time'))).toEqual([
    { id: 'a', type: 'put', what: 'on-time', silentMs: 2_000 },
    { id: 'a', type: 'put', what: 'on-time', silentMs: 2_500 },
  ]);
});

it('the evidence of an eviction without protection tells the silence, the TTL, and how many instances left in five minutes', async () => {
  const { roll, changes } = rollOf(false);
  roll.register([node('a'), node('b', { ttlMs: 4_000 }), node('c', { ttlMs: 0 })]);
  await clock.advance(4_000);
  const removals = changes.filter(({ type }) => type === 'remove');
  const evicted = { type: 'remove', what: 'evicted', cause: 'ttl' };
  expect(told(removals)).toEqual([
    { id: 'a', ...evicted, silentMs: 3_000, ttlMs: 3_000, evicted: 1, of: 3 },
    { id: 'b', ...evicted, silentMs: 4_000, ttlMs: 4_000, evicted: 2, of: 3 },
  ]);
  // Five minutes later those two evictions no longer count.
  await clock.advance(310_000);
  roll.register([node('d')]);
  await clock.advance(3_000);
  expect(changes.at(-1)?.evidence).toMatchObject({ what: 'evicted', evicted: 1, of: 2 });
});

it('the evidence of an eviction under protection tells whether a newcomer stands in, the environment was quiet, or an hour has passed', async () => {
  const { roll, changes } = rollOf(true);
  const causes = () => changes.flatMap(({ evidence }) => (evidence.what === 'evicted' ? [evidence.cause] : []));
  roll.register([node('old'), node('other', { ttlMs: 0 })]);
  await clock.advance(2_900);
  roll.register([node('new', { ttlMs: 60_000, renewIntervalMs: 60_000 })]);
  await clock.advance(200);
  expect(changes.at(-1)?.evidence).toMatchObject({ what: 'evicted', cause: 'replaced', replacedBy: 'new' });
  // For one silent instance the server does not blame the network: the instance is evicted after two quiet intervals.
  await clock.advance(70_000);
  expect(causes()).toEqual(['replaced', 'quiet']);
  expect(changes.at(-1)).toMatchObject({ instance: { id: 'new' } });

  roll.register([node('x'), node('y'), node('z')]);
  await clock.advance(5_000);
  // All three are held. An hour after their last renewal the first is evicted, as soon as another instance is heard.
  const alive = roll.register([node('alive', { service: 'db', ttlMs: 30_000, renewIntervalMs: 20_000 })])[0]!;
  for (let minutes = 0; minutes < 65; minutes += 0.25) {
    await clock.advance(15_000);
    roll.renew(alive.handle);
  }
  expect(causes()).toEqual(['replaced', 'quiet', 'ceiling', 'ceiling', 'ceiling']);
  expect(changes.find(({ evidence }) => evidence.what === 'evicted' && evidence.cause === 'ceiling')).toMatchObject({
    evidence: { silentMs: expect.any(Number), ttlMs: 3_000, evicted: 1 },
  });
});

it("the evidence of an operator's end of protection tells how many were evicted, which of them this was, and the sender", async () => {
  const { roll, changes } = rollOf(true);
  roll.register([node('a'), node('b'), node('c')]);
  await clock.advance(10_000);
  expect(roll.endProtection('e', by)).toBe(3);
  expect(told(changes.filter(({ type }) => type === 'remove'))).toEqual(
    ['a', 'b', 'c'].map((id, index) => ({
      ...{ id, type: 'remove', what: 'ended', silentMs: 10_000, ttlMs: 3_000, evicted: index + 1, of: 3, by },
    })),
  );
});

it('a set changes status and metadata and renews nothing, and a register without a status leaves the status', async () => {
  const { roll, changes } = rollOf(false);
  const [a] = roll.register([node('a', { metadata: { k: 'v' } })]);
  await clock.advance(1_000);
  expect(roll.set([{ ...node('a'), status: 'out', metadata: { more: 'w' } }], by)).toBeUndefined();
  expect(changes.at(-1)).toMatchObject({
    evidence: { what: 'set', fields: ['status', 'metadata'], by },
    instance: {
      status: 'out',
      content: expect.stringContaining('"metadata":{"k":"v","more":"w"}'),
      renewedAt: clock.wallNow() - 1_000,
    },
  });
  // The client that held the lease still holds it.
  expect(roll.renew(a!.handle)).toBe('renewed');
  roll.register([node('a', { metadata: { k: 'x' } })]);
  expect(roll.instances('e')[0]).toMatchObject({
    status: 'out',
    content: expect.stringContaining('"metadata":{"k":"x"}'),
  });
  roll.register([node('a', { status: 'up' })]);
  expect(roll.instances('e')[0]).toMatchObject({ status: 'up', upAt: clock.wallNow() });
});

it('a set of several instances changes all of them or none', () => {
  const { roll, changes } = rollOf(false);
  roll.register([node('a'), node('b')]);
  const count = changes.length;
  expect(roll.set([{ ...node('a'), status: 'out' }, node('ghost')])).toEqual({ env: 'e', service: 'web', id: 'ghost' });
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, '']));
  expect(() =>
    roll.set([
      { ...node('a'), status: 'out' },
      { ...node('b'), metadata: many },
    ]),
  ).toThrowError(/metadata of b of web would have 65 pairs; at most 64/);
  expect(changes.length).toBe(count);
  // A call may name the same node twice: both changes hold.
  roll.set([
    { ...node('a'), status: 'out' },
    { ...node('a'), metadata: { k: 'v' } },
  ]);
  expect(roll.instances('e', 'web')[0]).toMatchObject({
    status: 'out',
    content: expect.stringContaining('"metadata":{"k":"v"}'),
  });
});

import { expect, it } from 'vitest';
import { MaturingMembers } from '../../src/protection/maturing.ts';
import { newMember } from '../../src/protection/member.ts';

const lease = (renewIntervalMs: number) => ({ ttlMs: 90_000, renewIntervalMs });
const at = (registeredAt: number, renewIntervalMs = 1_000) =>
  newMember({ service: 'web', id: `${registeredAt}` }, lease(renewIntervalMs), registeredAt);
const ids = (members: readonly { readonly id: string }[]): string[] => members.map(({ id }) => id);

it('a member matures after 1.25 of its own intervals, whatever the intervals of others are', () => {
  const maturing = new MaturingMembers();
  for (const member of [at(0, 8_000), at(10), at(20), at(30, 4_000)]) maturing.add(member);
  expect(maturing.nextDeadline).toBe(1_260);
  expect(ids(maturing.expire(1_259))).toEqual([]);
  expect(ids(maturing.expire(1_260))).toEqual(['10']);
  expect(ids(maturing.expire(5_030))).toEqual(['20', '30']);
  expect(ids(maturing.expire(10_000))).toEqual(['0']);
  expect(maturing.nextDeadline).toBe(Number.POSITIVE_INFINITY);
});

it('a member that was added twice matures once, and a member that left meanwhile does not mature', () => {
  const maturing = new MaturingMembers();
  const [stays, left] = [at(0), at(1)];
  for (const member of [stays, left, stays]) maturing.add(member);
  left.isMaturing = false;
  expect(ids(maturing.expire(5_000))).toEqual(['0']);
});

it('ten thousand members that mature leave nothing in memory', () => {
  const maturing = new MaturingMembers();
  for (let index = 0; index < 10_000; index += 1) {
    maturing.add(at(index));
    maturing.expire(index);
  }
  expect(maturing.expire(20_000)).toHaveLength(1_250);
  expect(maturing.nextDeadline).toBe(Number.POSITIVE_INFINITY);
});

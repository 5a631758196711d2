import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Protection } from '../../src/protection/index.ts';

const lease = { ttlMs: 30_000, renewIntervalMs: 10_000 };
const ids = Array.from({ length: 12 }, (_, index) => `n${index}`);
const services = ['a', 'b'];

type Step = readonly ['register' | 'renewAll' | 'cancel' | 'silent', number];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('register', 'register', 'renewAll', 'renewAll', 'cancel', 'silent'),
  fc.nat({ max: services.length * ids.length - 1 }),
);
// A pause is never 0: the order of two cancels at the same moment is not written down, and does not matter.
const pause = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1, max: 3_000 }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 40_000 }) },
  { weight: 1, arbitrary: fc.constant(400_000) },
);

/** Self-protection with leases around it, as the roll has them. */
class Fleet {
  readonly protection: Protection;
  readonly ends = new Map<number, number>();
  readonly silent = new Set<number>();
  now = 1_000_000;

  constructor(ends: ReadonlyMap<number, number> = new Map()) {
    this.protection = new Protection({ enabled: true, random: () => 0, isKept: true });
    this.ends = new Map(ends);
  }

  play([what, which]: Step): void {
    const [service, id] = nameOf(which);
    if (what === 'register') {
      this.protection.registered(service, id, lease, this.now);
      this.ends.set(which, this.now + lease.ttlMs);
    } else if (what === 'cancel') this.#cancel(which);
    else if (what === 'silent') this.silent.add(which);
    else if (what === 'renewAll') for (const each of this.ends.keys()) if (!this.silent.has(each)) this.#renew(each);
    if (what === 'register') this.silent.delete(which);
  }

  #cancel(which: number): void {
    if (!this.ends.delete(which)) return;
    this.protection.cancelled(...nameOf(which), this.now);
  }

  #renew(which: number): void {
    const member = this.protection.member(...nameOf(which));
    if (member !== undefined) this.protection.renewed(member, this.now);
    this.ends.set(which, this.now + lease.ttlMs);
  }

  advance(ms: number): string[] {
    this.now += ms;
    for (const [which, end] of this.ends) if (end <= this.now) this.protection.expired(...nameOf(which), this.now);
    const { evict } = this.protection.advance(this.now);
    for (const { service, id } of evict) this.ends.delete(services.indexOf(service) * ids.length + ids.indexOf(id));
    return evict.map(({ service, id }) => `${service}/${id}`);
  }
}

const nameOf = (which: number): [service: string, id: string] => [
  services[Math.floor(which / ids.length)]!,
  ids[which % ids.length]!,
];
const remembered = ({ protection }: Fleet) => all.flatMap((ref) => protection.remember(ref) ?? []);
const all = services.flatMap((service) => ids.map((id) => ({ service, id })));

describe('self-protection that begins from what an earlier start wrote down', () => {
  it('self-protection counts after a restart as before it, from the records of the touched instances', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, pause), { maxLength: 120, size: 'max' }), (steps) => {
        const fleet = new Fleet();
        const written = new Map<string, unknown>();
        for (const [each, pauseMs] of steps) {
          fleet.play(each);
          fleet.advance(pauseMs);
          // The server writes a registered instance in any case.
          for (const ref of [
            ...fleet.protection.takeTouched(),
            { service: nameOf(each[1])[0], id: nameOf(each[1])[1] },
          ])
            written.set(`${ref.service}/${ref.id}`, fleet.protection.remember(ref));
        }
        const before = remembered(fleet);
        const stable = ({ lastRenewal: _, ...rest }: (typeof before)[number]) => rest;
        expect(
          all
            .flatMap(({ service, id }) => (written.get(`${service}/${id}`) as (typeof before)[number]) ?? [])
            .map(stable),
        ).toEqual(before.map(stable));
        // Among instances that fell silent at the same moment, it does not matter which one is replaced.
        const settled = ({ state, late, recent, isUnused }: (typeof before)[number]) => ({
          state,
          late,
          recent,
          isUnused,
        });
        const again = new Fleet(fleet.ends);
        again.now = fleet.now;
        again.protection.restore(before, again.now);
        const { missing, considered, threshold } = fleet.protection.view(fleet.now);
        expect(again.protection.view(again.now)).toMatchObject({ missing, considered, threshold });
        const heard = (record: (typeof before)[number]) =>
          record.state === 'listed' && !record.late ? { ...record, lastRenewal: again.now } : record;
        expect(remembered(again)).toEqual(before.map(heard));
        // In both fleets, newcomers find the same departed instances and the same waiting cancels.
        for (const service of services)
          for (const each of [fleet, again])
            for (const id of ['new 1', 'new 2']) each.protection.registered(service, id, lease, each.now);
        // The time at which protection went on is not written down.
        const { onSince: _since, ...view } = fleet.protection.view(fleet.now);
        expect(again.protection.view(again.now)).toMatchObject({
          ...view,
          held: 0,
          on: expect.any(Boolean),
        });
        expect(remembered(again).map(settled)).toEqual(remembered(fleet).map(settled));
      }),
      { numRuns: 150 },
    );
  });

  it('self-protection remembers every cancel that waits for a newcomer, even two of one instance that came back in between', () => {
    const fleet = new Fleet();
    // The return of n1 makes up for the oldest cancel, that of n0; the cancel of n1 still waits.
    for (const each of [0, 1].map((which): Step => ['register', which])) fleet.play(each);
    fleet.advance(400_000);
    for (const each of [
      ['cancel', 0],
      ['cancel', 1],
      ['register', 1],
      ['cancel', 1],
    ] as const) {
      fleet.play(each);
      fleet.advance(1_000);
    }
    const again = new Fleet(fleet.ends);
    again.now = fleet.now;
    again.protection.restore(remembered(fleet), again.now);
    for (const each of [fleet, again]) {
      const unused = ['new 1', 'new 2', 'new 3'].filter((id) => {
        each.protection.registered('a', id, lease, each.now);
        return each.protection.remember({ service: 'a', id })?.isUnused;
      });
      expect(unused).toEqual(['new 3']);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { Simulation } from './simulation.ts';

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);
const all = range(0, 20);
const app = (index: number): string => `app${index % 4}`;
/** Seconds at which an instance was evicted. */
const evictions = (log: readonly string[]): number[] =>
  log.filter((line) => line.includes('evict')).map((line) => Number.parseFloat(line));
const flag = (log: readonly string[]): string[] => log.filter((line) => line.includes('protection'));

/** Deploys and faults beyond those of the specification; the fleet is that of the golden transcripts. */
describe('deploys', () => {
  it('self-protection stays off in a surge deploy with a lead of 150 s', () => {
    const s = new Simulation().fleet();
    for (const index of all.keys()) {
      s.at(330 + 20 * index, () => s.join(app(index), `n${index}`, 330 + 20 * index));
      s.at(480 + 20 * index, () => s.kill(`${index}`));
    }
    const log = s.run(1500);
    expect(flag(log)).toEqual([]);
    // Each instance is evicted 90 s (its TTL) after its last heartbeat, which came at most 30 s before the kill.
    expect(evictions(log)).toEqual([
      540, 571, 602, 603, 634, 665, 666, 697, 728, 729, 760, 761, 792, 823, 824, 855, 886, 887, 918, 949,
    ]);
    expect(log.at(-1)).toBe('1500 listed 20, alive 20');
  });

  it('self-protection stays off in a blue/green deploy whose old side is killed after five minutes', () => {
    const s = new Simulation().fleet();
    s.at(330, () => all.forEach((id) => void s.join(app(Number(id)), `n${id}`, 330)));
    s.at(630, () => all.forEach((id) => void s.kill(id)));
    const log = s.run(1500);
    expect(flag(log)).toEqual([]);
    expect(evictions(log)).toEqual(all.map((_, index) => 690 + index));
    expect(log.at(-1)).toBe('1500 listed 20, alive 20');
  });

  it('a restart under the same ids does not count as a departure', () => {
    const s = new Simulation().fleet();
    for (const index of all.keys()) {
      s.at(330 + 10 * index, () => s.kill(`${index}`));
      s.at(332 + 10 * index, () => s.join(app(index), `${index}`, 332 + 10 * index));
    }
    expect(s.run(1500)).toEqual(['1500 listed 20, alive 20']);
  });

  it('self-protection stays off while four of twenty crash again and again and are replaced after 5 s', () => {
    const s = new Simulation().fleet();
    const looping = [0, 1, 2, 3];
    for (let at = 330; at < 1530; at += 120) {
      s.at(at, () => looping.forEach((index) => void s.kill(at === 330 ? `${index}` : `c${index}-${at - 120}`)));
      s.at(at + 5, () => looping.forEach((index) => void s.join(app(index), `c${index}-${at}`, at + 5)));
    }
    const log = s.run(2500);
    expect(flag(log)).toEqual([]);
    expect(evictions(log)).toHaveLength(40);
    expect(log.at(-1)).toBe('2500 listed 20, alive 20');
  });

  it('the killed instances of a scale-in from 200 to 20 are held for an hour, then evicted 27 a minute and ever fewer', () => {
    const s = new Simulation();
    for (let index = 0; index < 200; index += 1) {
      s.at(index / 4, () => s.join(`app${index % 10}`, `${index}`, Math.floor(index / 4)));
    }
    s.at(400, () => range(20, 200).forEach((id) => void s.kill(id)));
    const log = s.run(9000);
    const gone = evictions(log);
    expect(gone).toHaveLength(180);
    expect([gone[0], gone.at(-1)]).toEqual([3970, 4359]);
    const perMinute = (from: number): number => gone.filter((at) => at >= from && at < from + 60).length;
    expect(Math.max(...gone.map(perMinute))).toBeLessThanOrEqual(0.15 * 200);
    expect([flag(log)[0], log.at(-1)]).toEqual(['410.5 protection on', '9000 listed 20, alive 20']);
  });
});

describe('faults', () => {
  it('when one instance dies every two minutes, three are evicted, and the fourth is held', () => {
    const s = new Simulation().fleet();
    for (let index = 0; index < 10; index += 1) s.at(330 + 120 * index, () => s.kill(`${index}`));
    expect(s.run(6000)).toEqual([
      '390 evict app0/0',
      '511 evict app1/1',
      '632 evict app2/2',
      '700.5 protection on',
      '4263 evict app3/3',
      '4384 evict app0/4',
      '4505 evict app1/5',
      '4626 evict app2/6',
      '4747 evict app3/7',
      '4868 evict app0/8',
      '4989 evict app1/9',
      '5168 protection off',
      '6000 listed 10, alive 10',
    ]);
  });

  it('of three instances, the second one that crashes within a minute stays listed five minutes longer', () => {
    const s = new Simulation();
    s.at(0, () => range(0, 3).forEach((id) => void s.join('app', id, 0)));
    s.at(330, () => s.kill('0')).at(390, () => s.kill('1'));
    expect(s.run(2000)).toEqual([
      '390 evict app/0',
      '397.5 protection on',
      '750 evict app/1',
      '750 protection off',
      '2000 listed 1, alive 1',
    ]);
  });

  it('when both of two instances die, they stay until an operator ends the protection, since no instance renews', () => {
    const s = new Simulation();
    s.at(0, () => range(0, 2).forEach((id) => void s.join('app', id, 0)));
    s.at(330, () => range(0, 2).forEach((id) => void s.kill(id)));
    s.at(8000, () => expect(s.end(8000)).toBe(2));
    expect(s.run(9000)).toEqual(['337.5 protection on', '8000 protection off', '9000 listed 0, alive 0']);
  });

  it('when all instances are cut off, one newcomer in each application lets one instance be evicted', () => {
    const s = new Simulation().fleet();
    s.at(330, () => s.cut(all, true)).at(930, () => s.cut(all, false));
    for (let index = 0; index < 4; index += 1) s.at(340, () => s.join(app(index), `n${index}`, 340));
    expect(s.run(1500)).toEqual([
      '343.5 protection on',
      '390 evict app0/0',
      '391 evict app1/1',
      '392 evict app2/2',
      '393 evict app3/3',
      '949 protection off',
      '1500 listed 24, alive 24',
    ]);
  });

  it('a network that loses half of the fleet for 100 s, ten times, costs no instance, though self-protection goes on and off', () => {
    const s = new Simulation().fleet();
    const half = range(0, 10);
    for (let round = 0; round < 10; round += 1) {
      s.at(330 + 200 * round, () => s.cut(half, true)).at(430 + 200 * round, () => s.cut(half, false));
    }
    const log = s.run(3000);
    expect(evictions(log)).toEqual([]);
    expect(flag(log)).toHaveLength(20);
    expect(log.at(-1)).toBe('3000 listed 20, alive 20');
  });

  it('an instance that dies while the server stands still gets the rest of its TTL', () => {
    const s = new Simulation().fleet().stopServer(330, 510);
    s.at(400, () => s.kill('5'));
    expect(s.run(1500)).toEqual(['575 evict app1/5', '1500 listed 19, alive 19']);
  });
});

describe('mixed intervals, four of twenty with 5 s / 15 s', () => {
  const mixed = (index: number): readonly [number, number] => (index < 4 ? [5, 15] : [30, 90]);

  it('no instance is evicted when 30 % of a fleet with mixed intervals are cut off', () => {
    const s = new Simulation().fleet(mixed);
    s.at(330, () => s.cut(range(0, 6), true)).at(1930, () => s.cut(all, false));
    expect(s.run(2500)).toEqual(['334.25 protection on', '1955 protection off', '2500 listed 20, alive 20']);
  });

  it('when 20 % of a mixed fleet are cut off, the fast are evicted first, and the others when the fast are forgotten', () => {
    const s = new Simulation().fleet(mixed);
    s.at(330, () => s.cut(['0', '1', '4', '5'], true)).at(1930, () => s.cut(all, false));
    expect(s.run(2500)).toEqual([
      '340 evict app0/0',
      '341 evict app1/1',
      '342.5 protection on',
      '701 evict app0/4',
      '701 evict app1/5',
      '701 protection off',
      '2500 listed 20, alive 20',
    ]);
  });
});

describe('ceiling', () => {
  it('a total outage of 90 minutes evicts no instance', () => {
    const s = new Simulation().fleet();
    s.at(330, () => s.cut(all, true)).at(5730, () => s.cut(all, false));
    expect(s.run(6500)).toEqual(['340.5 protection on', '5749 protection off', '6500 listed 20, alive 20']);
  });

  it('the ceiling waits 60 s after a total outage, then evicts three a minute', () => {
    const s = new Simulation().fleet();
    s.at(330, () => s.cut(all, true)).at(5730, () => s.cut(range(0, 10), false));
    const log = s.run(8000);
    expect(flag(log)).toEqual(['340.5 protection on', '6258 protection off']);
    expect(evictions(log)).toEqual([5830, 5831, 5832, 5893, 5894, 5895, 5956, 5957, 5958, 6019]);
  });

  it('half a fleet that is cut off for 90 minutes is evicted by the budget of the ceiling, and is back when healed', () => {
    const s = new Simulation().fleet();
    s.at(330, () => s.cut(range(0, 10), true)).at(5730, () => s.cut(all, false));
    const log = s.run(6500);
    expect(evictions(log)).toEqual([3900, 3901, 3902, 3963, 3964, 3965, 4026, 4027, 4028, 4089]);
    expect(log.at(-1)).toBe('6500 listed 20, alive 20');
  });

  it('the ceiling evicts the last of an application only when no other can be chosen', () => {
    const s = new Simulation(() => 0);
    // `single` has one instance and `many` has nine; these ten fall silent, and three others are heard.
    s.at(0, () => s.join('single', 'only', 0));
    s.at(0, () => range(0, 9).forEach((id) => void s.join('many', id, 0)));
    s.at(0, () => range(10, 13).forEach((id) => void s.join('heard', id, 0)));
    s.at(330, () => ['only', ...range(0, 9)].forEach((id) => void s.kill(id)));
    const log = s.run(6000).filter((line) => line.includes('evict'));
    expect(log).toHaveLength(10);
    expect(log.slice(-2).some((line) => line.endsWith('single/only'))).toBe(true);
  });
});

describe('protection off', () => {
  it('with protection off every silent instance is evicted at its TTL', () => {
    const s = new Simulation(() => 0.5, false).fleet();
    s.at(330, () => s.cut(all, true)).at(930, () => s.cut(all, false));
    const log = s.run(600);
    expect(evictions(log)).toEqual(all.map((_, index) => 390 + index));
    expect(log.at(-1)).toBe('600 listed 0, alive 20');
  });
});

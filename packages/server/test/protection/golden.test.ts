import { describe, expect, it } from 'vitest';
import { Simulation } from './simulation.ts';

const all = Array.from({ length: 20 }, (_, index) => `${index}`);
const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);

/** Random numbers in [0, 1); the same seed gives the same numbers. */
const seeded = (seed: number) => {
  let state = seed + 1;
  return (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
};

/** The fleet: 20 instances with leases of 30 s / 90 s; instance i belongs to app<i % 4> and registers at second i. */
describe('golden transcripts', () => {
  it('one killed instance of twenty is evicted at its TTL', () => {
    const log = new Simulation()
      .fleet()
      .at(330, () => {})
      .run(0);
    expect(log).toEqual(['0 listed 1, alive 1']);
    const one = new Simulation().fleet();
    one.at(330, () => one.kill('5'));
    expect(one.run(600)).toEqual(['395 evict app1/5', '600 listed 19, alive 19']);
  });

  it('three killed instances of twenty are evicted at their TTL', () => {
    const s = new Simulation().fleet();
    s.at(330, () => range(5, 8).forEach((id) => void s.kill(id)));
    expect(s.run(600)).toEqual(['395 evict app1/5', '396 evict app2/6', '397 evict app3/7', '600 listed 17, alive 17']);
  });

  it('four killed instances of twenty are held for an hour, then evicted by the budget of the ceiling', () => {
    const s = new Simulation().fleet();
    s.at(330, () => range(5, 9).forEach((id) => void s.kill(id)));
    const log = s.run(4500);
    expect(log[0]).toBe('345.5 protection on');
    expect(log.slice(1, 5).map((line) => line.replace(/ evict.*/, ''))).toEqual(['3905', '3906', '3907', '3968']);
    expect(log.slice(5)).toEqual(['4206 protection off', '4500 listed 16, alive 16']);
  });

  it('a total partition of ten minutes evicts no instance', () => {
    const s = new Simulation().fleet();
    s.at(330, () => s.cut(all, true)).at(930.25, () => s.cut(all, false));
    s.at(930, () => s.cut(all, false));
    expect(s.run(1500)).toEqual(['340.5 protection on', '949 protection off', '1500 listed 20, alive 20']);
  });

  it('an instance that dies behind a total partition is evicted after the partition has healed', () => {
    const s = new Simulation().fleet();
    s.at(330, () => s.cut(all, true))
      .at(500, () => s.kill('5'))
      .at(930, () => s.cut(all, false));
    expect(s.run(1500)).toEqual([
      '340.5 protection on',
      '1007 evict app1/5',
      '1007 protection off',
      '1500 listed 19, alive 19',
    ]);
  });

  it('a deploy that kills everything with kill -9 evicts each old instance that a new one replaces', () => {
    const s = new Simulation().fleet();
    for (let index = 0; index < 20; index += 1) {
      s.at(330 + 10 * index, () => s.kill(`${index}`));
      s.at(335 + 10 * index, () => s.join(`app${index % 4}`, `${20 + index}`, 335 + 10 * index));
    }
    const log = s.run(1500);
    expect(log.filter((line) => line.includes('protection'))).toEqual([]);
    expect(log.map((line) => Number.parseInt(line, 10)).slice(0, 20)).toEqual([
      390, 421, 422, 423, 454, 455, 456, 487, 488, 489, 490, 521, 522, 523, 554, 555, 556, 587, 588, 589,
    ]);
    expect(log.at(-1)).toBe('1500 listed 20, alive 20');
  });

  it('when fifteen instances are cut off, one newcomer stands in for one of them, not for all', () => {
    const s = new Simulation().fleet();
    s.at(330, () => s.cut(range(0, 15), true))
      .at(340, () => s.join('app0', 'new', 340))
      .at(930, () => s.cut(all, false));
    expect(s.run(1500)).toEqual([
      '340.5 protection on',
      '390 evict app0/0',
      '944 protection off',
      '1500 listed 21, alive 21',
    ]);
  });

  it('a fleet that doubles and is then cut off loses no living instance', () => {
    const s = new Simulation().fleet();
    s.at(300, () => range(20, 40).forEach((id) => void s.join(`app${Number(id) % 4}`, id, 300)));
    s.at(330, () => s.cut(range(0, 40), true)).at(930, () => s.cut(range(0, 40), false));
    expect(s.run(1500)).toEqual(['337.5 protection on', '949 protection off', '1500 listed 40, alive 40']);
  });

  /** The old instances are older than 300 s, so the newcomers can stand in for them. */
  const doubled = (size: number, seed: number): readonly string[] => {
    const s = new Simulation();
    const ids = range(0, 2 * size);
    for (const id of ids.slice(0, size))
      s.at(Number(id) % 20, () => s.join(`app${Number(id) % 4}`, id, Number(id) % 20));
    for (const id of ids.slice(size)) {
      const at = 340 + (Number(id) % 20);
      s.at(at, () => s.join(`app${Number(id) % 4}`, id, at));
    }
    s.at(400, () => s.cut(ids, true));
    const random = seeded(seed);
    for (const id of ids) {
      const at = 1000 + Math.floor(random() * 30);
      s.at(at, () => s.heal(id, at));
    }
    return s.run(1300);
  };

  it('a fleet that doubles, is cut off 40 s later and is heard again in random order loses no living instance', () => {
    // Some newcomers are heard before their predecessors: the network is healing, the predecessors are not dead.
    expect(doubled(20, 1)).toEqual(['412.5 protection on', '1028 protection off', '1300 listed 40, alive 40']);
  });

  it('a fleet that doubles and is cut off 40 s later loses no living instance, with 200 seeds', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const log = doubled(20, seed);
      expect([seed, log.at(-1), log.filter((line) => line.includes('evict'))]).toEqual([
        seed,
        '1300 listed 40, alive 40',
        [],
      ]);
    }
  });

  it('a fleet of ten times as many instances that doubles and is cut off loses no living instance, with 10 seeds', () => {
    for (let seed = 0; seed < 10; seed += 1) expect(doubled(200, seed).at(-1)).toBe('1300 listed 400, alive 400');
  });

  it('half of a fleet that is cut off after a clean deploy of all instances is held', () => {
    const s = new Simulation().fleet();
    for (let index = 0; index < 20; index += 1) {
      s.at(330 + index, () => {
        s.cancel(`${index}`, 330 + index);
        s.join(`app${index % 4}`, `${20 + index}`, 330 + index);
      });
    }
    s.at(400, () => s.cut(range(20, 30), true)).at(1000, () => s.cut(range(20, 30), false));
    expect(s.run(1500)).toEqual(['430.5 protection on', '1029 protection off', '1500 listed 20, alive 20']);
  });

  it('when one instance a minute is cut off, the fourth is held', () => {
    const s = new Simulation().fleet();
    for (let index = 0; index < 8; index += 1) s.at(330 + 60 * index, () => s.cut([`${index}`], true));
    s.at(1500, () => s.cut(all, false));
    expect(s.run(1600)).toEqual([
      '390 evict app0/0',
      '451 evict app1/1',
      '512 evict app2/2',
      '520.5 protection on',
      '1507 protection off',
      '1600 listed 20, alive 20',
    ]);
  });

  it('a total partition evicts no instance of a fleet in which four of twenty have leases of 5 s / 15 s', () => {
    const s = new Simulation().fleet((index) => (index < 4 ? [5, 15] : [30, 90]));
    s.at(330, () => s.cut(all, true)).at(930, () => s.cut(all, false));
    expect(s.run(1500)).toEqual(['334.25 protection on', '949 protection off', '1500 listed 20, alive 20']);
  });

  it('a server that stands still for 180 s evicts no instance', () => {
    expect(new Simulation().fleet().stopServer(330, 510).run(1500)).toEqual(['1500 listed 20, alive 20']);
  });

  it('of 100 instances 15 missing are tolerated, and 16 are held', () => {
    const survivors = (stay: number): number => {
      const s = new Simulation();
      s.at(0, () => range(0, 100).forEach((id) => void s.join('app', id, 0)));
      s.at(330, () => range(stay, 100).forEach((id) => void s.kill(id)));
      return Number(/listed (\d+)/.exec(s.run(600).at(-1)!)?.[1]);
    };
    expect([84, 85, 86].map(survivors)).toEqual([100, 85, 86]);
  });

  it('in fleets of one to six instances a single dead instance is evicted, and two at once are held', () => {
    const log = (size: number, dead: number): string | undefined => {
      const s = new Simulation();
      s.at(0, () => range(0, size).forEach((id) => void s.join('app', id, 0)));
      s.at(330, () => range(0, dead).forEach((id) => void s.kill(id)));
      return s.run(600).at(-1);
    };
    for (let size = 1; size <= 6; size += 1) expect(log(size, 1)).toBe(`600 listed ${size - 1}, alive ${size - 1}`);
    for (let size = 2; size <= 6; size += 1) expect(log(size, 2)).toBe(`600 listed ${size}, alive ${size - 2}`);
  });

  it('the command protection end evicts the held instances, and they no longer count', () => {
    const s = new Simulation().fleet();
    s.at(330, () => range(5, 9).forEach((id) => void s.kill(id)));
    s.at(500, () => expect(s.end(500)).toBe(4));
    expect(s.run(600)).toEqual(['345.5 protection on', '500 protection off', '600 listed 16, alive 16']);
    expect(s.protection.view(600_000)).toMatchObject({ missing: 0, considered: 16, on: false });
  });
});

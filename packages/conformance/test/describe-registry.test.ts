import { describe as nodeDescribe, it as nodeIt } from 'node:test';
import { describe, expect, it } from 'vitest';
import { describeRegistry, type Harness, registryCases, type TestRunner } from '../src/index.ts';
import { openShelf, shelfHarness, Warehouse } from './shelf/shelf-registry.ts';

// The type check is the test: the functions of both runners must fit `TestRunner` as they are.
const runners: readonly TestRunner[] = [
  { describe, it },
  { describe: nodeDescribe, it: nodeIt },
];

function withoutFaults(): Harness {
  const warehouse = new Warehouse();
  return { open: (options) => openShelf(warehouse, options) };
}

interface Declared {
  readonly path: string;
  readonly concurrent: boolean;
  readonly sequential: boolean;
  readonly body: () => Promise<void>;
  readonly timeoutMs: number | undefined;
}

/** A runner that records the declared cases and runs none. */
function recorder(): TestRunner & { readonly declared: readonly Declared[] } {
  const declared: Declared[] = [];
  const path: string[] = [];
  const [concurrent, sequential] = [{ depth: 0 }, { depth: 0 }];
  const describe = (name: string, body: () => void): void => {
    path.push(name);
    body();
    path.pop();
  };
  const within =
    (kind: { depth: number }) =>
    (name: string, body: () => void): void => {
      kind.depth += 1;
      describe(name, body);
      kind.depth -= 1;
    };
  return {
    declared,
    describe,
    it: (name, body, timeoutMs) =>
      declared.push({
        path: [...path, name].join(' > '),
        concurrent: concurrent.depth > 0,
        sequential: sequential.depth > 0,
        body,
        timeoutMs,
      }),
    concurrent: within(concurrent),
    sequential: within(sequential),
  };
}

describe('describeRegistry', () => {
  it('describeRegistry declares every case once, under its concern', () => {
    const runner = recorder();
    const harness = shelfHarness();
    describeRegistry('shelf', harness, runner);
    const wanted = registryCases(harness).map(
      ({ concern, title }) => `shelf keeps the contract > ${concern} > ${title}`,
    );
    expect(runner.declared.map(({ path }) => path).sort()).toEqual(wanted.sort());
    expect(new Set(wanted).size).toBe(wanted.length);
  });

  it('a case that counts what the process holds, queues many calls or breaks the backend runs alone', () => {
    const runner = recorder();
    const harness = shelfHarness();
    describeRegistry('shelf', harness, runner);
    const alone = registryCases(harness).filter((one) => one.alone !== undefined);
    const paths = alone.map(({ concern, title }) => `shelf keeps the contract > ${concern} > ${title}`);
    const serial = runner.declared.filter(({ concurrent }) => !concurrent).map(({ path }) => path);
    expect(serial.toSorted()).toEqual(paths.toSorted());
    expect(runner.declared.slice(-serial.length).map(({ path }) => path)).toEqual(serial);
    const titlesOf = (harness: Harness, kind: 'process' | 'backend') =>
      registryCases(harness).flatMap((one) => (one.alone === kind ? [one.title] : []));
    const breaking = registryCases(harness).length - registryCases(withoutFaults()).length;
    expect(titlesOf(withoutFaults(), 'backend')).toEqual([]);
    expect(titlesOf(harness, 'backend')).toHaveLength(breaking);
    expect(titlesOf(harness, 'process')).toEqual([
      'an idle registry keeps no process alive',
      'a pending next of a watcher keeps the process alive',
      'repeated open, use and close leave no handle behind',
      'a hundred simultaneous renewals leave one node',
      'a watcher misses no change between snapshot and changes',
      'a service of many nodes is read whole, and a watcher is told the whole before synced',
      'many services are listed whole, and a watcher of all is told the whole before synced',
      'an object that holds many nodes keeps all of them by its renewals',
      'a consumer that sleeps while every node changes many times has one pending event per node',
      'after many alternating calls the node is as the last call says',
      'after many simultaneous registers of one node the last content stays',
    ]);
  });

  it('describeRegistry runs each case that needs a backend of its own on exactly one of several backends', () => {
    const runner = recorder();
    const harnesses = [shelfHarness(), shelfHarness(), shelfHarness()];
    describeRegistry('shelf', harnesses, runner);
    const onBackend = (at: number): readonly Declared[] =>
      runner.declared.filter(({ path }) => path.includes(`> backend ${at} of 3 >`));
    const alone = registryCases(harnesses[0] as Harness).filter((one) => one.alone === 'backend');
    const titleOf = ({ path }: Declared): string => path.split(' > ').slice(-2).join(' > ');
    const dealt = [1, 2, 3].map(onBackend);
    expect(dealt.flat().map(titleOf).sort()).toEqual(alone.map(({ concern, title }) => `${concern} > ${title}`).sort());
    for (const ones of dealt) expect(ones.length).toBeGreaterThanOrEqual(Math.floor(alone.length / 3));
    for (const { sequential, concurrent } of dealt.flat()) expect([sequential, concurrent]).toEqual([true, true]);
    expect(runner.declared).toHaveLength(registryCases(harnesses[0] as Harness).length);
  });

  it('describeRegistry takes the functions of vitest and of node:test as they are', () => {
    expect(runners).toHaveLength(2);
  });

  it('the suite has at least 100 cases for a backend that cannot be broken, and more for one that can', () => {
    const plain = registryCases(withoutFaults());
    const faulty = registryCases(shelfHarness());
    expect(plain.length).toBeGreaterThanOrEqual(100);
    expect(faulty.length).toBeGreaterThan(plain.length + 30);
    const titles = new Set(faulty.map(({ concern, title }) => `${concern}: ${title}`));
    for (const { concern, title } of plain) expect(titles).toContain(`${concern}: ${title}`);
  });

  it('each conformance case has a timeout that grows with patience', () => {
    const timeouts = [1, 0.1, 4].map((patience) => {
      const runner = recorder();
      describeRegistry('shelf', { ...withoutFaults(), patience }, runner);
      return runner.declared[0]?.timeoutMs ?? 0;
    });
    expect(timeouts[1]).toBe(timeouts[0]);
    expect(timeouts[2]).toBe((timeouts[0] ?? 0) * 4);
  });

  it('the body of a case passes for a good registry and fails for a broken registry', async () => {
    const find = (harness: Harness): Declared => {
      const runner = recorder();
      describeRegistry('shelf', harness, runner);
      const found = runner.declared.find(({ path }) => path.endsWith('getService of an unknown name is []'));
      if (found === undefined) throw new Error('the case is gone');
      return found;
    };
    await find(withoutFaults()).body();
    const broken: Harness = {
      open: () => {
        throw new Error('cannot be opened');
      },
    };
    await expect(find(broken).body()).rejects.toThrow('cannot be opened');
  });

  it('the suite ends although a registry never answers', async () => {
    const silent = (): Harness => ({ patience: 0.002, open: () => new Promise(() => {}) });
    for (const { run } of registryCases(silent()).slice(0, 3)) await expect(run()).rejects.toThrow('not within');
  });
});

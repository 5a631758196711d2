import { afterEach, expect, it } from 'vitest';
import { tenthOf } from '../../../backends/src/index.ts';
import { DurableServer } from './durable-server.ts';
import { RawServer, RawWatch } from './raw-server.ts';

const kills = tenthOf(100);
/** Milliseconds between two changes. */
const everyMs = 5;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (holds: () => boolean | Promise<boolean>, what: () => string): Promise<void> => {
  const deadline = Date.now() + 60_000;
  while (!(await Promise.resolve(holds()).catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`not within 60 s: ${what()}`);
    await sleep(20);
  }
};
const shapeOf = (hostname: string, env: string, appid: string, ttlMs: number) => ({
  ...{ env, appid, hostname, addrs: ['10.0.0.1:80'], ttlMs, renewIntervalMs: ttlMs * 0.4 },
});

/** Instances that renew as long as the test runs, through every outage. */
class Living {
  readonly ids: readonly string[];
  readonly #server: RawServer;
  readonly #env: string;
  readonly #ttlMs: number;
  readonly #handles = new Map<string, number>();
  readonly #silent = new Set<string>();

  constructor(server: RawServer, env: string, count: number, ttlMs: number) {
    this.#server = server;
    this.#env = env;
    this.#ttlMs = ttlMs;
    this.ids = Array.from({ length: count }, (_, index) => `living-${env}-${index}`);
  }

  async register(): Promise<void> {
    const missing = this.ids.filter((id) => !this.#handles.has(id));
    const instances = missing.map((id) => shapeOf(id, this.#env, 'living', this.#ttlMs));
    const { data } = await this.#server.ask<{ handles: number[] }>('POST', '/api/register', { instances });
    for (const [index, id] of missing.entries()) this.#handles.set(id, data.handles[index]!);
  }

  /** Renews every instance that is not silent for now. */
  async renew(): Promise<void> {
    const held = this.ids.filter((id) => !this.#silent.has(id));
    const body = held.map((id) => this.#handles.get(id)!);
    const { data } = await this.#server.ask<{ statuses: number[] }>('PUT', '/api/leases', body);
    const lost = held.filter((_, index) => data.statuses[index] !== 200);
    for (const id of lost) this.#handles.delete(id);
    if (lost.length > 0) await this.register();
  }

  /** Silences half of the instances until it is called with false: self-protection must keep them. */
  silence(silent: boolean): void {
    this.#silent.clear();
    if (silent) for (const id of this.ids.slice(this.ids.length / 2)) this.#silent.add(id);
  }
}

/** The last acknowledged state of each node: `unknown` while a request is under way or was never answered. */
class Ledger {
  readonly known = new Map<string, { state: 'on' | 'off' | 'unknown'; revision: number }>();
  acknowledged = 0;

  async change(
    id: string,
    state: 'on' | 'off',
    ask: () => Promise<{ status: number; revision: number }>,
  ): Promise<void> {
    const entry = { state: 'unknown' as 'on' | 'off' | 'unknown', revision: 0 };
    this.known.set(id, entry);
    const { status, revision } = await ask();
    if (status !== 200) return;
    this.acknowledged += 1;
    entry.state = state;
    entry.revision = revision;
  }

  /** Notes that a watcher was told of the removal of a node. */
  removed(id: string, revision: number): void {
    const entry = this.known.get(id);
    if (entry?.state === 'on' && revision > entry.revision) this.known.set(id, { state: 'off', revision });
  }
}

it(`a server with a data folder loses nothing that it acknowledged or told, and evicts no living instance, through ${kills} times kill -9`, async () => {
  const process = new DurableServer(['--no-warm-up']);
  await process.start();
  cleanUps.push(() => process.remove());
  const server = new RawServer(() => process.address);
  cleanUps.push(() => server.close());
  const ledger = new Ledger();
  const watches = Array.from({ length: 3 }, () => new RawWatch(server, 'churn', (id, at) => ledger.removed(id, at)));
  cleanUps.push(() => {
    for (const watch of watches) watch.close();
  });
  const protectedWatch = new RawWatch(server, 'storm');
  cleanUps.push(() => protectedWatch.close());
  const fleets = [new Living(server, 'churn', 40, 8_000), new Living(server, 'storm', 20, 1_000)];
  for (const fleet of fleets) await fleet.register();
  const { epoch } = await server.ask('GET', '/api/services?env=churn');
  let running = true;
  const loops = fleets.map(async (fleet) => {
    while (running) {
      await fleet.renew().catch(() => {});
      await sleep(250);
    }
  });
  let count = 0;
  const recent: string[] = [];
  const churn = async (): Promise<void> => {
    count += 1;
    const id = `n${count}`;
    const instances = [shapeOf(id, 'churn', `app-${count % 5}`, 1_000)];
    await ledger.change(id, 'on', () => server.ask('POST', '/api/register', { instances }));
    recent.push(id);
    // Every third registration is followed by the cancel of an older one; all other nodes are left to expire.
    if (count % 3 !== 0 || recent.length < 10) return;
    const gone = recent.shift()!;
    const keys = [{ env: 'churn', appid: `app-${Number(gone.slice(1)) % 5}`, hostname: gone }];
    if (ledger.known.get(gone)?.state === 'on')
      await ledger.change(gone, 'off', () => server.ask('POST', '/api/cancel', { keys }));
  };
  const timer = setInterval(() => void churn().catch(() => {}), everyMs);
  cleanUps.push(() => clearInterval(timer));

  for (let round = 1; round <= kills; round += 1) {
    fleets[1]!.silence(round % 2 === 1);
    // Leases begin anew at each start, so in some rounds the server lives longer than the shortest lease.
    await sleep((round % 3 === 0 ? 1_500 : 100) + Math.random() * 500);
    await process.kill('SIGKILL');
    // By the end of this pause the test has read every answer that the server sent.
    await sleep(5);
    const told = Math.max(
      ...watches.map(({ revision }) => revision),
      ...[...ledger.known.values()].map((one) => one.revision),
    );
    const before = [...ledger.known]
      .filter(([, { state }]) => state !== 'unknown')
      .map(([id, entry]) => [id, { ...entry }] as const);
    await process.start();
    const answer = await server.ask<{ instances: { hostname: string }[] }>('GET', '/api/fetch/all?env=churn');
    expect(answer.revision).toBeGreaterThanOrEqual(told);
    expect(answer.epoch).toBe(epoch);
    const listed = new Set(answer.data.instances.map(({ hostname }) => hostname));
    expect(before.filter(([id, { state }]) => state === 'off' && listed.has(id)).map(([id]) => id)).toEqual([]);
    // A node may be missing only because its eviction was stored before the kill; the watchers are told of it now.
    await until(
      () =>
        before.every(([id, { state }]) => state === 'off' || listed.has(id) || ledger.known.get(id)?.state === 'off'),
      () => 'what was acknowledged is listed, or was told to be removed',
    );
  }
  clearInterval(timer);
  running = false;
  fleets[1]!.silence(false);
  await Promise.all(loops);
  await Promise.all(fleets.map((fleet) => fleet.renew()));

  const listing = async () => (await server.list('churn')).map(({ hostname }) => hostname).sort();
  for (const watch of watches) {
    await until(
      async () => JSON.stringify([...watch.state.keys()].sort()) === JSON.stringify(await listing()),
      () => `a watcher knows ${watch.state.size} nodes, exactly those that are listed`,
    );
    expect([watch.snapshots, watch.outOfOrder]).toEqual([1, 0]);
    // In some rounds the server is killed before a watch has resumed.
    expect(watch.resumed).toBeGreaterThan(kills / 2);
  }
  const living = new Set(fleets.flatMap(({ ids }) => ids));
  const evicted = [...watches, protectedWatch].flatMap(({ removed }) => removed.filter(({ id }) => living.has(id)));
  expect(evicted).toEqual([]);
  expect(protectedWatch.snapshots).toBe(1);
  const reasons = watches[0]!.removed.map(({ reason }) => reason);
  expect(reasons.filter((reason) => reason === 'expired').length).toBeGreaterThan(kills);
  expect(protectedWatch.late).toBeGreaterThan(0);
  expect(reasons).toContain('deregistered');
  console.log(
    `${kills} kills, ${count} registrations, ${ledger.acknowledged} acknowledged changes, ${reasons.length} removals told`,
  );
}, 900_000);

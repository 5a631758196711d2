import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { DurableServer } from './durable-server.ts';
import { RawServer, RawWatch } from './raw-server.ts';

const forMs = inFull ? 1_800_000 : 60_000;
const everyMs = 10;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The sizes that must not grow. */
interface Sample {
  readonly rssMb: number;
  readonly handles: number;
  readonly storeMb: number;
  readonly log: number;
}

const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);

async function sample(pid: number, folder: string, server: RawServer): Promise<Sample> {
  const [, rss = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  const store = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const response = await server.open('GET', '/metrics');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  const log = Number(/^rollcall_change_log_changes (\d+)/m.exec(text)?.[1]);
  const handles = readdirSync(`/proc/${pid}/fd`).length;
  return { rssMb: megabytes(Number(rss) * 1_024), handles, storeMb: megabytes(store), log };
}

it(
  `a server's memory, handles, change log and store stay the same size through ${forMs / 1_000} s of churn`,
  async () => {
    const process = new DurableServer(['--no-warm-up', '--protection', 'on']);
    await process.start();
    cleanUps.push(() => process.remove());
    const server = new RawServer(() => process.address);
    cleanUps.push(() => server.close());
    const watches = Array.from({ length: 5 }, () => new RawWatch(server, 'churn'));
    cleanUps.push(() => {
      for (const watch of watches) watch.close();
    });
    let count = 0;
    const failures: unknown[] = [];
    // Ids are used again, as in a fleet of fixed size. Half of the nodes are cancelled, half expire.
    const churn = async (): Promise<void> => {
      count += 1;
      const key = { env: 'churn', appid: `app-${count % 10}`, hostname: `n${count % 500}` };
      const instance = { ...key, addrs: ['10.0.0.1:80'], metadata: { pad: 'x'.repeat(500), count: `${count}` } };
      await server.ask('POST', '/api/register', { instances: [{ ...instance, ttlMs: 2_000, renewIntervalMs: 1_000 }] });
      if (count % 2 === 0) await server.ask('POST', '/api/cancel', { keys: [key] });
    };
    const timer = setInterval(() => void churn().catch((error: unknown) => failures.push(error)), everyMs);
    cleanUps.push(() => clearInterval(timer));
    const samples: Sample[] = [];
    for (let passed = 0; passed < forMs; passed += forMs / 30) {
      await sleep(forMs / 30);
      samples.push(await sample(process.pid, process.folder, server));
    }
    const highest = (some: readonly Sample[], of: keyof Sample) => Math.max(...some.map((each) => each[of]));
    const [middle, last] = [samples.slice(10, 20), samples.slice(20)];
    const grown = (of: keyof Sample) => highest(last, of) / Math.max(1, highest(middle, of));
    console.log(`${count} rounds`, samples[0], samples[15], samples.at(-1));
    expect(failures.length).toBeLessThan(count / 100);
    expect(grown('rssMb')).toBeLessThan(1.2);
    expect(highest(last, 'handles')).toBeLessThanOrEqual(highest(middle, 'handles') + 10);
    expect(highest(last, 'storeMb')).toBeLessThanOrEqual(Math.max(24, highest(middle, 'storeMb') * 1.2));
    expect(highest(last, 'log')).toBeLessThanOrEqual(10_000);
  },
  forMs + 120_000,
);

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { fuzz } from './fuzzer.ts';
import { served } from './served.ts';

interface GoodClientReport {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly faults: readonly string[];
}

/** With `ROLLCALL_FUZZ=100000` the test sends more requests. */
const requests = Number(process.env.ROLLCALL_FUZZ ?? 10_000);
/** Milliseconds. The limit is high, since other tests share the machine; without them `ROLLCALL_FUZZ_P99=50` holds. */
const maxP99 = Number(process.env.ROLLCALL_FUZZ_P99 ?? 1_000);
const seed = Number(process.env.ROLLCALL_FUZZ_SEED ?? Date.now() % 1_000_000);

it(`${requests} strange requests on every route cause no 5xx, hang or crash, leave memory flat, and a good client is served`, async () => {
  const server = await served();
  try {
    const good = fork(fileURLToPath(new URL('good-client.js', import.meta.url)), [`${server.port}`]);
    const reported = once(good, 'message') as Promise<[GoodClientReport]>;
    const settled = await fuzz(server.port, Math.floor(requests / 4), seed);
    const before = server.memory();
    const { statuses, faults } = await fuzz(server.port, Math.ceil((requests * 3) / 4), seed + 1);
    const after = server.memory();
    good.send('stop');
    const [report] = await reported;
    const counts = JSON.stringify(Object.fromEntries([...statuses].sort()));
    console.log(
      `seed ${seed}: ${counts}; memory ${before.toFixed(0)} -> ${after.toFixed(0)} MiB; good client ${report.requests} requests, p50 ${report.p50.toFixed(1)} ms, p99 ${report.p99.toFixed(1)} ms, max ${report.max.toFixed(1)} ms`,
    );
    expect([...settled.faults, ...faults, ...report.faults]).toEqual([]);
    expect(server.child.exitCode).toBeNull();
    expect(after - before).toBeLessThan(80);
    expect(report.p99).toBeLessThan(maxP99);
    expect(statuses.get(200)).toBeGreaterThan(requests / 20);
  } finally {
    server.kill();
  }
}, 600_000);

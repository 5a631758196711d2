import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { type HostName, Lan } from '../../../backends/src/index.ts';
import { isLong, pause } from './stage.ts';

interface Report {
  readonly answers: number;
  readonly failures: number;
  readonly attempts: number;
}

let lan: Lan | undefined;
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await lan?.dispose();
});

function start(on: Lan, host: HostName, program: string, args: readonly string[]): NodeJS.ReadableStream {
  const path = fileURLToPath(new URL(`./${program}`, import.meta.url));
  const [file, list] = on.command(host, process.execPath, [path, ...args]);
  const child = spawn(file, list, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child.stdout;
}

it('a caller whose own network was cut works again within a second after bare connections work again', {
  timeout: 120_000,
}, async () => {
  lan = await Lan.create();
  const host = lan.address('b');
  const [ports] = await once(createInterface(start(lan, 'b', 'ten-greeters.js', [host])), 'line');
  const reports: { readonly at: number; readonly report: Report }[] = [];
  createInterface(start(lan, 'a', 'cut-off-caller.js', [host, ports])).on('line', (line) =>
    reports.push({ at: performance.now(), report: JSON.parse(line) }),
  );
  const waitFor = async (since: number, what: string): Promise<number> => {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const found = reports.find(({ at, report }) => at > since && report.answers > 0);
      if (found !== undefined) return found.at;
      if (performance.now() > deadline) throw new Error(`not seen within 10 s: ${what}`);
      await pause(20);
    }
  };
  await waitFor(0, 'a first answer');
  await lan.down('a');
  const cutAt = performance.now();
  await pause(isLong ? 30_000 : 5_000);
  const during = reports.filter(({ at }) => at > cutAt + 500);
  // Packets flow later than the link is up: the kernel asks for the address of a neighbour only once a second.
  const connections: number[] = [];
  createInterface(start(lan, 'a', 'bare-caller.js', [host, String(JSON.parse(ports)[0])])).on('line', () =>
    connections.push(performance.now()),
  );
  await lan.up('a');
  const upAt = performance.now();
  const worksAt = await waitFor(upAt, 'an answer after the return');
  await vi.waitFor(() => expect(connections.length).toBeGreaterThan(0), { timeout: 10_000, interval: 20 });
  const backAt = Math.max(upAt, connections[0] ?? 0);
  const attempts = during.reduce((sum, { report }) => sum + report.attempts, 0) / (during.length / 10);
  console.log(
    `works ${(worksAt - backAt).toFixed(0)} ms after the return; ${attempts.toFixed(0)} attempts a second meanwhile, for 50 calls a second`,
  );
  expect(worksAt - backAt).toBeLessThan(1_000);
  await pause(1_500);
  const healed = reports.slice(-5);
  expect(healed.reduce((sum, { report }) => sum + report.failures, 0)).toBe(0);
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { client, type Running } from '../http.ts';

const bin = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));

/** `rollcall serve` in a process of its own, whose memory can be measured. */
export interface Served extends Omit<Running, 'server'> {
  readonly child: ChildProcess;
  /** Resident memory in MiB. */
  memory(): number;
  kill(): void;
}

/** Starts one with a heap of so many MiB. */
export async function served(heap = 512): Promise<Served> {
  const args = [`--max-old-space-size=${heap}`, bin, 'serve', '--port', '0', '--json', '--no-warm-up'];
  const child = spawn(process.execPath, [...args, '--protection', 'off'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url, port } = JSON.parse(line) as { url: string; port: number };
  return {
    child,
    port,
    ...client(url),
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1_024,
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Asks `/healthz` on a connection of its own until `work` is done; answers the longest wait in milliseconds. */
export async function longestStop(url: string, work: () => Promise<unknown>): Promise<number> {
  let done = false;
  let longest = 0;
  const asking = (async () => {
    while (!done) {
      const asked = performance.now();
      await (await fetch(`${url}/healthz`)).text();
      longest = Math.max(longest, performance.now() - asked);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  await work();
  done = true;
  await asking;
  return longest;
}

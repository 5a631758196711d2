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
  /** What it has spent computing, in milliseconds: unlike the time that passes, it says the same on a busy machine. */
  cpuMs(): number;
  /** Resident memory in MiB. */
  memory(): number;
  kill(): void;
}

/** Starts one with a heap of so many MiB. */
export async function served(heap = 512, more: readonly string[] = []): Promise<Served> {
  const args = [`--max-old-space-size=${heap}`, bin, 'serve', '--port', '0', '--json', '--no-warm-up'];
  const child = spawn(process.execPath, [...args, '--protection', 'off', ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url, port } = JSON.parse(line) as { url: string; port: number };
  return {
    child,
    port,
    ...client(url),
    cpuMs: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1_024,
    kill: () => void child.kill('SIGKILL'),
  };
}

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
  /** Resident memory in MiB. It stays high when the heap is free again: the allocator of C keeps pages for later. */
  memory(): number;
  /** What is in use when nothing is left to collect. It does not depend on when a busy machine collects. */
  inUse(): Promise<InUse>;
  kill(): void;
}

/** See {@link Served.inUse}. */
export interface InUse {
  /** The heap of JavaScript and the buffers outside it, in MiB. */
  readonly heap: number;
  readonly connections: number;
}

/** Lets a test ask the server to collect its garbage, by a signal. */
const collector = "data:text/javascript,process.on('SIGUSR2', () => globalThis.gc())";

/** Starts one with a heap of so many MiB. */
export async function served(heap = 512, more: readonly string[] = []): Promise<Served> {
  const args = [
    '--expose-gc',
    '--import',
    collector,
    `--max-old-space-size=${heap}`,
    bin,
    'serve',
    '--port',
    '0',
    '--json',
    '--no-warm-up',
  ];
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
    inUse: async () => {
      child.kill('SIGUSR2');
      // Asked on a connection of its own; the signal is handled before a request that comes after it is answered for the second time.
      for (let index = 0; index < 2; index += 1) await (await fetch(`${url}/healthz`)).text();
      const text = await (await fetch(`${url}/metrics`)).text();
      const read = (series: string): number => Number(new RegExp(`^${series} (.*)$`, 'm').exec(text)?.[1] ?? 0);
      const connections = read('nodejs_active_resources\\{type="TCPSocketWrap"\\}');
      const bytes = read('nodejs_heap_size_used_bytes') + read('nodejs_external_memory_bytes');
      return { heap: bytes / 1_048_576, connections };
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

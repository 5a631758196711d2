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
  /** The CPU time of the server in milliseconds: unlike elapsed time, it is the same on a busy machine. */
  cpuMs(): number;
  /** Resident memory in MiB. It stays high when the heap is free again: the C allocator keeps pages for later. */
  memory(): number;
  /** The heap and connections in use after a full garbage collection, which does not depend on the machine's load. */
  inUse(): Promise<InUse>;
  kill(): void;
}

/** See {@link Served.inUse}. */
export interface InUse {
  /** The heap of JavaScript and the buffers outside it, in MiB. */
  readonly heap: number;
  readonly connections: number;
}

/** This module makes the server collect its garbage when a test sends SIGUSR2. */
const collector = "data:text/javascript,process.on('SIGUSR2', () => globalThis.gc())";

/** Starts a server with a heap of `heap` MiB. */
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
      // The server has handled the signal once it has answered two later requests on a connection of their own.
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

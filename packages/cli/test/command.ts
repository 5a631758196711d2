import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The path of the real command. */
export const bin: string = fileURLToPath(new URL('../bin/rollcall.js', import.meta.url));

/** A running command, its output so far, and how it ends. */
export interface Started {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly output: { out: string; err: string };
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

const children = new Set<ChildProcess>();

/** Starts the real command. */
export function start(
  args: readonly string[],
  { entry = bin, ...options }: { cwd?: string; entry?: string; env?: NodeJS.ProcessEnv; detached?: boolean } = {},
): Started {
  const child = spawn(process.execPath, [entry, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const output = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    output.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child);
    return { code: code as number | null, ...output };
  });
  return { child, output, ended };
}

/** Starts `rollcall serve`; returns the command with the server's host and port when the server listens. */
export async function serve(...args: string[]): Promise<Started & { readonly address: string }> {
  const started = start(['serve', '--json', ...args]);
  const [line] = (await once(createInterface(started.child.stdout), 'line')) as [string];
  return { ...started, address: new URL((JSON.parse(line) as { url: string }).url).host };
}

/** Asks the server itself for the node ids of a service, because a command takes seconds on a busy machine. */
export async function idsOf(address: string, service: string): Promise<readonly string[]> {
  const answer = await fetch(`http://${address}/api/fetch?env=default&appid=${service}`);
  const { data } = (await answer.json()) as { data: { instances: readonly { hostname: string }[] } };
  return data.instances.map(({ hostname }) => hostname);
}

/** Kills the commands that still run, except those that the next test needs. */
export function killAll(...but: readonly (Started | undefined)[]): void {
  for (const child of children) if (!but.some((one) => one?.child === child)) child.kill('SIGKILL');
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { inRepository } from './repository.ts';

/** `rollcall serve` in a process of its own. */
export interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** The server's `host:port`. */
  readonly address: string;
}

/** Starts the server on a free port. */
export async function served(...args: readonly string[]): Promise<Served> {
  const command = [inRepository('packages/cli/bin/rollcall.js'), 'serve', '--port', '0', '--json', '--no-warm-up'];
  const child = spawn(process.execPath, [...command, '--log-level', 'warn', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  return { child, url, address: new URL(url).host };
}

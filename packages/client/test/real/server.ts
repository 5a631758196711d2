/** A discovery server in a process of its own, which can be killed and started again at the same address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));

export class ServerProcess {
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #address: string | undefined;

  /** `flags` are those of `rollcall serve`. */
  constructor(...flags: readonly string[]) {
    this.#flags = flags;
  }

  /** The server's `host:port`, which is known from its first start on. */
  get address(): string {
    if (this.#address === undefined) throw new Error('the server was not started yet');
    return this.#address;
  }

  async start(): Promise<void> {
    const port = this.#address?.split(':').at(-1) ?? '0';
    const args = [binary, 'serve', '--port', port, '--json', '--log-level', 'warn', ...this.#flags];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const [line] = await once(createInterface(child.stdout), 'line');
    this.#address = new URL(JSON.parse(line).url).host;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../../backends/src/index.ts';

const bin = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));

/** A discovery server in a process of its own, which keeps its port over a restart. */
export class ServerProcess {
  #child: ChildProcess | undefined;
  #port = 0;
  readonly #args: readonly string[];

  constructor(args: readonly string[] = ['--protection', 'off', '--no-warm-up']) {
    this.#args = args;
    // A test run that is interrupted leaves nothing behind.
    process.once('exit', () => this.#child?.kill('SIGKILL'));
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    if (this.#port === 0) [this.#port = 0] = await freePorts(1);
    const child = spawn(
      process.execPath,
      [bin, 'serve', '--port', `${this.#port}`, '--json', '--log-level', 'warn', ...this.#args],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#child = child;
    const ended = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`the server ended with ${code} before it was ready`)),
    );
    ended.catch(() => {});
    await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    this.#child = undefined;
    child.kill('SIGCONT');
    child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  /** Kills the server and starts it again without data. */
  async wipe(): Promise<void> {
    await this.kill();
    await this.start();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@rollcall/core/adapter';

/** How to run a backend, and how to tell that it serves. */
export interface BackendCommand {
  readonly file: string;
  /** Gets the folder with the backend's data. */
  readonly args: (dataFolder: string) => readonly string[];
  /** Rejects, or resolves with false, while the backend does not serve. */
  readonly ready: () => Promise<boolean>;
}

const readyTimeoutMs = 60_000;
/** How much of the last output a message keeps when the backend does not start. Characters. */
const keptOutput = 4_000;

/** A backend as a process of its own, on loopback, with its own data. It ends with this process at the latest. */
export class BackendProcess {
  readonly #command: BackendCommand;
  #data = newFolder();
  #child: ChildProcess | undefined;
  #output = '';
  readonly #onExit = (): void => {
    this.#child?.kill('SIGKILL');
    rmSync(this.#data, { recursive: true, force: true });
  };

  constructor(command: BackendCommand) {
    this.#command = command;
    process.once('exit', this.#onExit);
  }

  /** Process id; undefined while no process runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the backend on its earlier data; resolves when it serves. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const child = spawn(this.#command.file, this.#command.args(this.#data), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#output = `${this.#output}${chunk}`.slice(-keptOutput);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(String(error))));
    await this.serves();
  }

  /** Resolves when the backend serves (again). */
  async serves(): Promise<void> {
    const deadline = systemClock.now() + readyTimeoutMs;
    while (!(await this.#command.ready().catch(() => false))) {
      const child = this.#child;
      const ended = child === undefined || child.exitCode !== null || child.signalCode !== null;
      if (ended || systemClock.now() > deadline)
        throw new Error(`${this.#command.file} ${ended ? 'ended' : 'does not serve'}:\n${this.#output}`);
      await pause(20);
    }
  }

  /** Stops the backend as an operator does. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Kills the backend, as the death of its machine would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Freezes the backend: connections stay, and nothing is answered. */
  async freeze(): Promise<void> {
    const child = this.#child;
    child?.kill('SIGSTOP');
    // The signal reaches one thread after the other, and threads that still run go on answering.
    while (child?.pid !== undefined && runningThreads(child.pid) > 0) await pause(1);
  }

  async resume(): Promise<void> {
    this.#child?.kill('SIGCONT');
    await this.serves();
  }

  /** Kills the backend, and starts it without data. */
  async wipe(): Promise<void> {
    await this.kill();
    rmSync(this.#data, { recursive: true, force: true });
    this.#data = newFolder();
    await this.start();
  }

  /** Kills the backend, and removes its data. */
  async dispose(): Promise<void> {
    await this.kill();
    process.off('exit', this.#onExit);
    rmSync(this.#data, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    // A frozen process reacts only to SIGKILL.
    child.kill('SIGCONT');
    await ended;
  }
}

/** Faults for a backend of several processes (each made when first needed), in the form that the conformance suite asks for. */
export function faultsOf(backend: () => readonly BackendProcess[]): {
  readonly [fault in 'stop' | 'start' | 'freeze' | 'resume' | 'wipe']: () => Promise<void>;
} {
  const all = async (act: (one: BackendProcess) => Promise<void>): Promise<void> => {
    await Promise.all(backend().map(act));
  };
  return {
    stop: () => all((one) => one.kill()),
    start: () => all((one) => one.start()),
    freeze: () => all((one) => one.freeze()),
    resume: () => all((one) => one.resume()),
    wipe: () => all((one) => one.wipe()),
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => systemClock.setTimer(ms, resolve));

/** How many threads of a process are not stopped; 0 where the system does not tell. */
function runningThreads(pid: number): number {
  const folder = `/proc/${pid}/task`;
  try {
    // The state follows the name, which is in brackets and may hold any character.
    const states = readdirSync(folder).map((thread) =>
      readFileSync(`${folder}/${thread}/stat`, 'utf8').split(') ').at(-1),
    );
    return states.filter((state) => state?.[0] !== 'T').length;
  } catch {
    return 0;
  }
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'rollcall-backend-'));

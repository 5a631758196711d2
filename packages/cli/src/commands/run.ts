import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { limits } from '@rollcall/core';
import { pause, systemClock } from '@rollcall/core/adapter';
import { createService, type NetServer, type ServiceRuntime } from '@rollcall/service';
import type { Command } from 'commander';
import { type CommonOptions, checkServiceName, openNamed, serviceSettings, withCommon } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { duration, pair, port, timeOption, versionOption } from '../parse.ts';
import { lifeLogger } from './write.ts';

interface RunOptions extends CommonOptions {
  readonly name: string;
  readonly port: number;
  readonly host?: string;
  readonly health?: string;
  readonly drain: number;
  readonly serviceVersion?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ttl?: number;
  readonly interval?: number;
}

/** Adds the command `run`. */
export function addRunCommand(program: Command): void {
  withCommon(program.command('run <command...>'))
    .description('run any program in any language, registered while its port answers and it is healthy')
    .requiredOption('--name <name>', 'name of the service')
    .requiredOption('--port <port>', 'port that the program listens on', port)
    .option('--host <host>', 'host that other programs should use (default: worked out, and printed)')
    .option('--health <url>', 'the program is healthy while this URL answers 2xx')
    .addOption(timeOption('--drain <time>', 'how long to wait between deregistering and ending the program', '2s'))
    .option('--service-version <version>', 'version of the service')
    .addOption(versionOption())
    .option('--metadata <key=value>', 'metadata of the node, repeatable', pair)
    .option('--ttl <time>', 'how long the node stays without a renewal (default: 30s)', duration)
    .option('--interval <time>', 'how often the node is checked and renewed (default: 10s)', duration)
    .addHelpText(
      'after',
      '\nExample:\n  rollcall run --name web --port 8080 --health http://127.0.0.1:8080/health -- python3 server.py',
    )
    .action(run);
}

/** Connects to a port once. Throws when the port does not answer before the signal aborts. */
async function connectTo(host: string, number: number, signal: AbortSignal): Promise<void> {
  const socket = connect({ host, port: number, signal });
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

/**
 * Checks that the program answers at the address where others will look for it. A server that is bound to loopback
 * alone gets a message of its own.
 */
async function answersAt(address: string, signal: AbortSignal): Promise<void> {
  const { host, port: number } = limits.splitAddress(address);
  try {
    await connectTo(host, number, signal);
  } catch (cause) {
    const isOnlyLocal = await connectTo('127.0.0.1', number, signal).then(
      () => host !== '127.0.0.1',
      () => false,
    );
    const message = isOnlyLocal
      ? `port ${number} answers at 127.0.0.1, but not at ${host}: let the program bind 0.0.0.0, or give --host 127.0.0.1`
      : `port ${number} does not answer at ${host}: the program must listen on the port that --port names`;
    throw new Error(message, { cause });
  }
}

const reasonOf = ({ cause, message }: Error): string => (cause instanceof Error ? cause.message : message);

async function check(address: string, { health }: RunOptions, signal: AbortSignal): Promise<void> {
  await answersAt(address, signal);
  if (health === undefined) return;
  const { ok, status } = await fetch(health, { signal }).catch((error: Error) => {
    // `fetch failed` says nothing; its cause has the reason.
    throw new Error(`${health} does not answer: ${reasonOf(error)}`, { cause: error });
  });
  if (!ok) throw new Error(`${health} answers ${status}, and --health needs 2xx`);
}

/** The program's server, which runs in another process and counts as reachable by every address of this machine. */
const serverOf = (number: number): NetServer => ({
  listening: true,
  address: () => ({ address: '::', port: number }),
  once: () => undefined,
  close: (callback) => callback?.(),
});

/** The program, in a process group of its own, so that Ctrl-C in the terminal reaches it only once, through this command. */
class Program {
  /** The program's exit code; 128 plus the number of the signal when a signal ended the program. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #onExit = (): void => this.kill('SIGKILL');

  constructor(file: string, args: readonly string[]) {
    this.#child = spawn(file, args, { stdio: 'inherit', detached: true });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', (cause) =>
        reject(
          new CliError(
            exitCodes.usage,
            `cannot run ${file}: ${cause.message}; name a program that is in PATH, or its path`,
          ),
        ),
      );
      this.#child.once('exit', (code, signal) => {
        process.off('exit', this.#onExit);
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
    // The program must not outlive this command, however the command ends.
    process.once('exit', this.#onExit);
  }

  /** Sends a signal to the whole process group, like a terminal. */
  kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The program has ended meanwhile.
    }
  }
}

/**
 * The first signal deregisters and drains the service before the program is told to end, so that no caller meets a
 * program that is about to end. A second signal goes to the program at once.
 */
function passSignals(program: Program, service: ServiceRuntime, drainMs: number): void {
  const over = new AbortController();
  let isFirst = true;
  const pass = async (signal: NodeJS.Signals): Promise<void> => {
    if (isFirst) {
      isFirst = false;
      void program.ended.catch(() => {}).then(() => over.abort());
      await service.stop();
      await pause(systemClock, drainMs, over.signal).catch(() => {});
    }
    program.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, (name) => void pass(name));
}

async function run(command: readonly string[], options: RunOptions): Promise<void> {
  const [file = '', ...args] = command;
  const { name, host, port: number } = options;
  checkServiceName(name);
  if (number === 0) throw new CliError(exitCodes.usage, '--port must be the port that the program listens on, not 0');
  const registry = await openNamed(options);
  const service: ServiceRuntime = createService({
    name,
    version: options.serviceVersion,
    metadata: options.metadata,
    registry,
    server: serverOf(number),
    ...(host === undefined ? {} : { advertise: `${host.includes(':') ? `[${host}]` : host}:${number}` }),
    ttlMs: options.ttl,
    renewIntervalMs: options.interval,
    registerCheck: (signal) => check(service.node?.address ?? `127.0.0.1:${number}`, options, signal),
    logger: lifeLogger(options.quiet ?? false),
    drainMs: 0,
    settings: serviceSettings,
  });
  const program = new Program(file, args);
  passSignals(program, service, options.drain);
  try {
    const started = service.start();
    started.catch(() => program.kill('SIGTERM'));
    process.exitCode = await program.ended;
    await started;
  } finally {
    await service.stop();
    await registry.close();
  }
}

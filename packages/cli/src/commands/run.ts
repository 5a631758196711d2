import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { limits } from '@rollcall/core';
import { createService, type NetServer, type ServiceRuntime } from '@rollcall/service';
import type { Command } from 'commander';
import { type CommonOptions, openRegistry, serviceSettings, timeFromEnv, withCommon } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { pair, port, timeOption } from '../parse.ts';
import { lifeLogger } from './write.ts';

interface RunOptions extends CommonOptions {
  readonly name: string;
  readonly port: number;
  readonly host?: string;
  readonly health?: string;
  readonly serviceVersion?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ttl: number;
  readonly interval: number;
}

/** `run`. */
export function addRunCommand(program: Command): void {
  withCommon(program.command('run <command...>'))
    .description('any program in any language: on the roll while its port answers and it is healthy')
    .requiredOption('--name <name>', 'name of the service')
    .requiredOption('--port <port>', 'port that the program listens on', port)
    .option('--host <host>', 'host that other programs should use (default: worked out, and said)')
    .option('--health <url>', 'healthy while it answers 2xx')
    .option('--service-version <version>', 'version of the service')
    .option('--metadata <key=value>', 'of the node, repeatable', pair)
    .addOption(
      timeOption('--ttl <time>', 'expired after this long without a renewal', timeFromEnv('registerTtl', '30s')),
    )
    .addOption(
      timeOption('--interval <time>', 'checked and renewed this often', timeFromEnv('registerInterval', '10s')),
    )
    .addHelpText(
      'after',
      '\nExample:\n  rollcall run --name web --port 8080 --health http://127.0.0.1:8080/health -- python3 server.py',
    )
    .action(run);
}

/** Throws when the port does not answer within the signal. */
async function connectTo(host: string, number: number, signal: AbortSignal): Promise<void> {
  const socket = connect({ host, port: number, signal });
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

/** The program answers where other programs will look for it; a server that is bound to loopback alone is told apart. */
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
      ? `port ${number} answers at 127.0.0.1, but not at ${host}: let the program bind 0.0.0.0, or say --host 127.0.0.1`
      : `port ${number} does not answer at ${host}`;
    throw new Error(message, { cause });
  }
}

async function check(address: string, { health }: RunOptions, signal: AbortSignal): Promise<void> {
  await answersAt(address, signal);
  if (health === undefined) return;
  const { ok, status } = await fetch(health, { signal });
  if (!ok) throw new Error(`${health} answers ${status}`);
}

/** The program's server, which lives in another process: reached by every address of this machine, as far as is known. */
const serverOf = (number: number): NetServer => ({
  listening: true,
  address: () => ({ address: '::', port: number }),
  once: () => undefined,
  close: (callback) => callback?.(),
});

async function run(command: readonly string[], options: RunOptions): Promise<void> {
  const [file = '', ...args] = command;
  const { name, host, port: number } = options;
  const registry = await openRegistry(options);
  const service: ServiceRuntime = createService({
    name,
    version: options.serviceVersion,
    metadata: options.metadata,
    registry,
    server: serverOf(number),
    ...(host === undefined ? {} : { advertise: `${host.includes(':') ? `[${host}]` : host}:${number}` }),
    ttlMs: options.ttl,
    renewIntervalMs: options.interval,
    drainMs: 0,
    registerCheck: (signal) => check(service.node?.address ?? `127.0.0.1:${number}`, options, signal),
    logger: lifeLogger(options.quiet ?? false),
    settings: serviceSettings,
  });
  const child = spawn(file, args, { stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(new CliError(exitCodes.usage, `cannot run ${file}: ${cause.message}`)));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
  try {
    const started = service.start();
    started.catch(() => child.kill('SIGTERM'));
    process.exitCode = await ended;
    await started;
  } finally {
    await service.stop();
    await registry.close();
  }
}

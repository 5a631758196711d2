import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { createService } from '@rollcall/service';
import type { Command } from 'commander';
import { type CommonOptions, openRegistry, withCommon } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { pair, port, timeOption } from '../parse.ts';
import { lifeLogger } from './write.ts';

interface RunOptions extends CommonOptions {
  readonly name: string;
  readonly port: number;
  readonly host: string;
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
    .option('--host <host>', 'host that others should use', '127.0.0.1')
    .option('--health <url>', 'healthy while it answers 2xx')
    .option('--service-version <version>', 'version of the service')
    .option('--metadata <key=value>', 'of the node, repeatable', pair)
    .addOption(timeOption('--ttl <time>', 'struck off after this long without a renewal', '30s'))
    .addOption(timeOption('--interval <time>', 'checked and renewed this often', '10s'))
    .addHelpText(
      'after',
      '\nExample:\n  rollcall run --name web --port 8080 --health http://127.0.0.1:8080/health -- python3 server.py',
    )
    .action(run);
}

async function answers(host: string, number: number, signal: AbortSignal): Promise<void> {
  const socket = connect({ host, port: number, signal });
  try {
    await once(socket, 'connect');
  } catch (cause) {
    throw new Error(`port ${number} does not answer`, { cause });
  } finally {
    socket.destroy();
  }
}

async function check({ port: number, host, health }: RunOptions, signal: AbortSignal): Promise<void> {
  await answers(host, number, signal);
  if (health === undefined) return;
  const { ok, status } = await fetch(health, { signal });
  if (!ok) throw new Error(`${health} answers ${status}`);
}

async function run(command: readonly string[], options: RunOptions): Promise<void> {
  const [file = '', ...args] = command;
  const registry = await openRegistry(options);
  const {
    name,
    host,
    port: number,
    serviceVersion: version,
    metadata,
    ttl: ttlMs,
    interval: renewIntervalMs,
    quiet = false,
  } = options;
  const service = createService({
    ...{ name, version, metadata, registry, ttlMs, renewIntervalMs, drainMs: 0 },
    advertise: `${host}:${number}`,
    registerCheck: (signal) => check(options, signal),
    logger: lifeLogger(quiet),
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

import type { Logger } from '@rollcall/core';
import { createService } from '@rollcall/service';
import type { Command } from 'commander';
import { type CommonOptions, openRegistry, withCommon, withRegistry } from '../common.ts';
import { note, plain } from '../output.ts';
import { pair, timeOption } from '../parse.ts';
import { aborted, untilSignal } from '../signals.ts';

interface RegisterOptions extends CommonOptions {
  readonly serviceVersion?: string;
  readonly id?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ttl: number;
  readonly interval: number;
}

/** `register`, `deregister`. */
export function addWriteCommands(program: Command): void {
  withCommon(program.command('register <name> <address>'))
    .description('put an address on the roll and keep it there until Ctrl-C')
    .option('--service-version <version>', 'version of the service')
    .option('--id <id>', 'id of the node (default: <name>-<uuid>)')
    .option('--metadata <key=value>', 'of the node, repeatable', pair)
    .addOption(timeOption('--ttl <time>', 'struck off after this long without a renewal', '30s'))
    .addOption(timeOption('--interval <time>', 'renewed this often', '10s'))
    .action(register);
  withCommon(program.command('deregister <name> <id>'))
    .description('strike a node off; a live owner is back at its next renewal')
    .action(deregister);
}

/** The runtime's lines, unless nobody wants them. */
export function lifeLogger(quiet: boolean): Logger {
  const tell = (_fields: object, message: string): void => {
    if (!quiet) note(plain(message));
  };
  return { debug() {}, info: tell, warn: tell, error: tell };
}

async function register(name: string, address: string, options: RegisterOptions): Promise<void> {
  const { serviceVersion: version, id, metadata, ttl: ttlMs, interval: renewIntervalMs, quiet = false } = options;
  const signal = untilSignal();
  const registry = await openRegistry(options);
  const logger = lifeLogger(quiet);
  const service = createService({
    name,
    version,
    id,
    metadata,
    advertise: address,
    registry,
    ttlMs,
    renewIntervalMs,
    drainMs: 0,
    logger,
  });
  try {
    const node = await service.start();
    if (!quiet && service.status === 'registered') note(`on the roll as ${node.id}; Ctrl-C withdraws`);
    await aborted(signal);
  } finally {
    await service.stop();
    await registry.close();
  }
}

async function deregister(name: string, id: string, options: CommonOptions): Promise<void> {
  await withRegistry(options, (registry) => registry.deregister({ name, nodes: [{ id }] }));
  if (!options.quiet) note(`${id} of ${name} is off the roll; if its owner lives, it will be back at its next renewal`);
}

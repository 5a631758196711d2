import { type Logger, limits, type ServiceNode } from '@rollcall/core';
import type { RollcallAdmin } from '@rollcall/discovery';
import { createService } from '@rollcall/service';
import { type Command, Option } from 'commander';
import { envOf } from '../admin.ts';
import {
  type CommonOptions,
  checkServiceName,
  namedAdapter,
  openNamed,
  registryOptions,
  serviceSettings,
  withCommon,
  withRegistry,
} from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { note, plain } from '../output.ts';
import { duration, pair, versionOption } from '../parse.ts';
import { aborted, untilSignal } from '../signals.ts';

interface RegisterOptions extends CommonOptions {
  readonly serviceVersion?: string;
  readonly id?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ttl?: number;
  readonly interval?: number;
  readonly onConflict: 'wait' | 'stop';
}

/** Adds the commands `register`, `deregister`. */
export function addWriteCommands(program: Command): void {
  withCommon(program.command('register <name> <address>'))
    .description('register an address and keep it registered until Ctrl-C')
    .option('--service-version <version>', 'version of the service')
    .addOption(versionOption())
    .option('--id <id>', 'id of the node (default: <name>-<uuid>)')
    .option('--metadata <key=value>', 'metadata of the node, repeatable', pair)
    .option('--ttl <time>', 'how long the node stays without a renewal (default: 30s)', duration)
    .option('--interval <time>', 'how often the node is renewed (default: 10s)', duration)
    .addOption(
      new Option(
        '--on-conflict <what>',
        'when another process holds the id: wait until it is free, or stop with exit code 1',
      )
        .choices(['wait', 'stop'])
        .default('wait'),
    )
    .action(register);
  withCommon(program.command('deregister <name> <id>'))
    .description('remove a node; an owner that lives registers it again at its next renewal')
    .action(deregister);
}

/** Where the runtime's lines go; nowhere with `--quiet`. */
export function lifeLogger(quiet: boolean): Logger {
  const tell = (_fields: object, message: string): void => {
    if (!quiet) note(plain(message));
  };
  return { debug() {}, info: tell, warn: tell, error: tell };
}

async function register(name: string, address: string, options: RegisterOptions): Promise<void> {
  const { quiet = false, onConflict } = options;
  checkServiceName(name);
  if (!limits.isAddress(address)) {
    const rule = 'host:port with a port of 1 to 65535, not a URL; an IPv6 address is in brackets';
    throw new CliError(exitCodes.usage, `address ${JSON.stringify(address)} must be ${rule}`);
  }
  const signal = untilSignal();
  const registry = await openNamed(options);
  const service = createService({
    name,
    version: options.serviceVersion,
    id: options.id,
    metadata: options.metadata,
    advertise: address,
    registry,
    ttlMs: options.ttl,
    renewIntervalMs: options.interval,
    drainMs: 0,
    onConflict,
    logger: lifeLogger(quiet),
    settings: serviceSettings,
  });
  const stopped = new Promise<void>((resolve) => service.on('stopped', resolve));
  try {
    const node = await service.start();
    if (!quiet && service.status === 'registered') note(`on the roll as ${node.id}; Ctrl-C withdraws`);
    await aborted(signal, stopped);
    // The service stops by itself only when another process holds its id.
    if (!signal.aborted) process.exitCode = exitCodes.unexpected;
  } finally {
    await service.stop();
    await registry.close();
  }
}

async function deregister(name: string, id: string, options: CommonOptions): Promise<void> {
  await withRegistry(options, async (registry) => {
    const nodes = (await registry.getService(name)).flatMap((service) => service.nodes);
    // The listed id of another program's entry may be `<id>@<machine>`; the command also finds it by `<id>`.
    const isMeant = (node: ServiceNode): boolean => node.id === id || node.id.startsWith(`${id}@`);
    const wasListed = nodes.some(isMeant) || (await isOut(name, id, options));
    await registry.deregister({ name, nodes: [{ id }] });
    const what = `${plain(id)} of ${plain(name)}`;
    if (!wasListed) throw new CliError(exitCodes.notFound, `${what} was not registered, so nothing was removed`);
    if (!options.quiet) note(`${what} is deregistered; if its owner lives, it registers again at its next renewal`);
  });
}

/** Whether a discovery server lists the node as out of service, which hides it from callers. */
async function isOut(name: string, id: string, options: CommonOptions): Promise<boolean> {
  const { admin } = await namedAdapter(options);
  if (admin === undefined || id === '') return false;
  // Only a Rollcall server has an operator's calls, so its protocol can be used here.
  return (admin(registryOptions(options)) as RollcallAdmin).lists({ env: envOf(options), name, id });
}

import { readFileSync } from 'node:fs';
import { type Registry, RegistryError } from '@rollcall/core';
import { discovery } from '@rollcall/discovery';
import { findFactory, readSetting, type Settings } from '@rollcall/service';
import type { Command } from 'commander';
import { CliError, exitCodes } from './exit-codes.ts';
import { timeOption } from './parse.ts';

/** Options that every command about a registry takes. */
export interface CommonOptions {
  readonly registry: string;
  readonly registryAddress?: string;
  readonly registryNamespace?: string;
  readonly registryTokenFile?: string;
  readonly timeout: number;
  readonly json?: true;
  readonly quiet?: true;
}

/** The variables are those of the service runtime, so that a command sees what a service on this machine sees. */
const fromEnv = (name: keyof Settings): string | undefined => readSetting(name, { argv: [], env: process.env })?.value;

/** Adds them to a command. */
export function withCommon(command: Command): Command {
  return command
    .option('--registry <name>', 'mdns, consul, etcd or discovery', fromEnv('registry') ?? 'discovery')
    .option(
      '--registry-address <list>',
      'host:port or URL, several with commas; mdns: network interfaces',
      fromEnv('registryAddress'),
    )
    .option('--registry-namespace <name>', 'a roll of its own on the same backend', fromEnv('registryNamespace'))
    .option(
      '--registry-token-file <path>',
      'file with the token (a token on the command line shows in ps)',
      fromEnv('registryTokenFile'),
    )
    .addOption(timeOption('--timeout <time>', 'how long a call may take', '5s'))
    .option('--json', 'for programs')
    .option('--quiet', 'nothing but the result');
}

/** The token of `--registry-token-file`. */
export function tokenOf({ registryTokenFile: path }: CommonOptions): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new CliError(
      exitCodes.usage,
      `cannot read the token file: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

/** The addresses of `--registry-address`. */
export function addressesOf({ registryAddress }: CommonOptions): readonly string[] | undefined {
  return registryAddress?.split(',').map((address) => address.trim());
}

/** Opens the registry that the options name: ours, or an adapter that is installed beside the command or in the working directory. */
export async function openRegistry(options: CommonOptions): Promise<Registry> {
  const { registry, registryNamespace: namespace, timeout: timeoutMs } = options;
  if (registry === 'memory') {
    throw new CliError(
      exitCodes.usage,
      'the memory registry lives inside one process, so there is nothing to see from here: choose another --registry',
    );
  }
  const factory = await findFactory(registry, { discovery });
  return factory({ addresses: addressesOf(options), namespace, token: tokenOf(options), timeoutMs });
}

/** Runs `work` with a registry and closes it, whatever happens. */
export async function withRegistry(options: CommonOptions, work: (registry: Registry) => Promise<void>): Promise<void> {
  const registry = await openRegistry(options);
  try {
    await work(registry);
  } catch (error) {
    if (!RegistryError.is(error, 'UNAVAILABLE', 'TIMEOUT')) throw error;
    throw new CliError(exitCodes.unavailable, `${error.message}. ${whatToDo(options)}`);
  } finally {
    await registry.close();
  }
}

function whatToDo({ registry, registryAddress }: CommonOptions): string {
  const where = registryAddress ?? (registry === 'discovery' ? '127.0.0.1:7171' : 'its default address');
  const start = registry === 'discovery' ? 'Start one with `rollcall serve`, or name' : `Is ${registry} running? Name`;
  return `Asked at ${where}. ${start} it with --registry-address`;
}

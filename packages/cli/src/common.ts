import { readFileSync } from 'node:fs';
import { type Registry, RegistryError } from '@rollcall/core';
import { discovery } from '@rollcall/discovery';
import type { Command } from 'commander';
import { CliError, exitCodes } from './exit-codes.ts';
import { duration } from './parse.ts';

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

/** Adds them to a command. */
export function withCommon(command: Command): Command {
  return command
    .option('--registry <name>', 'mdns, consul, etcd or discovery', process.env.ROLLCALL_REGISTRY ?? 'discovery')
    .option('--registry-address <list>', 'host:port or URL, several with commas', process.env.ROLLCALL_REGISTRY_ADDRESS)
    .option(
      '--registry-namespace <name>',
      'a roll of its own on the same backend',
      process.env.ROLLCALL_REGISTRY_NAMESPACE,
    )
    .option(
      '--registry-token-file <path>',
      'file with the token (a token on the command line shows in ps)',
      process.env.ROLLCALL_REGISTRY_TOKEN_FILE,
    )
    .option('--timeout <time>', 'how long a call may take', duration, 5_000)
    .option('--json', 'for programs')
    .option('--quiet', 'nothing but the result');
}

function readToken(path: string | undefined): string | undefined {
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

/** Opens the registry that the options name. */
export function openRegistry(options: CommonOptions): Registry {
  const { registry, registryNamespace: namespace, registryTokenFile, timeout: timeoutMs } = options;
  if (registry === 'memory') {
    throw new CliError(
      exitCodes.usage,
      'the memory registry lives inside one process, so there is nothing to see from here: choose another --registry',
    );
  }
  if (registry !== 'discovery') {
    const known = ['mdns', 'consul', 'etcd'].includes(registry);
    const message = known
      ? `@rollcall/${registry} is not part of this version: use --registry discovery`
      : `--registry ${JSON.stringify(registry)} is unknown: mdns, consul, etcd or discovery`;
    throw new CliError(exitCodes.usage, message);
  }
  return discovery({ addresses: addressesOf(options), namespace, token: readToken(registryTokenFile), timeoutMs });
}

/** Runs `work` with a registry and closes it, whatever happens. */
export async function withRegistry(options: CommonOptions, work: (registry: Registry) => Promise<void>): Promise<void> {
  const registry = openRegistry(options);
  try {
    await work(registry);
  } catch (error) {
    if (!RegistryError.is(error, 'UNAVAILABLE', 'TIMEOUT')) throw error;
    const where = options.registryAddress ?? '127.0.0.1:7171';
    throw new CliError(
      exitCodes.unavailable,
      `${error.message} (${where}). Start one with \`rollcall serve\`, or name it with --registry-address`,
    );
  } finally {
    await registry.close();
  }
}

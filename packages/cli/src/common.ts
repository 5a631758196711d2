import { readFileSync } from 'node:fs';
import { limits, type Registry, RegistryError } from '@rollcall/core';
import type { AdapterDescriptor, CommonRegistryOptions } from '@rollcall/core/adapter';
import { adapter as discovery } from '@rollcall/discovery';
import { adapter as memory } from '@rollcall/memory';
import {
  findAdapter,
  openAdapter,
  readSetting,
  type SettingSources,
  type Settings,
  tokenVariable,
} from '@rollcall/service';
import type { Command } from 'commander';
import { CliError, exitCodes } from './exit-codes.ts';
import { timeOption } from './parse.ts';
import { program } from './program.ts';

/** The options of every command about a registry. */
export interface CommonOptions {
  readonly registry: string;
  readonly registryAddress?: string;
  readonly registryNamespace?: string;
  readonly registryTokenFile?: string;
  readonly registryCa?: string;
  readonly registryCert?: string;
  readonly registryKey?: string;
  readonly timeout: number;
  readonly json?: true;
  readonly quiet?: true;
}

/** The adapters that the command includes. */
export const broughtAlong: Readonly<Record<'memory' | 'discovery', AdapterDescriptor>> = { memory, discovery };

/** Settings of a service that a command runs: TTL, interval and address, if no option of the command sets them. */
export const serviceSettings: SettingSources = { argv: [], env: program.env };

/** The same variables as the service runtime reads, so that a command uses the same registry as a service on this machine. */
const fromEnv = (name: keyof Settings): string | undefined => readSetting(name, { argv: [], env: program.env })?.value;

/** Adds the options of every registry to a command. */
export function withCommon(command: Command): Command {
  return command
    .option(
      '--registry <name>',
      'mdns, consul, etcd, discovery, or the package or path of an adapter',
      fromEnv('registry') ?? discovery.name,
    )
    .option(
      '--registry-address <list>',
      'address of the registry: host:port or URL, several separated by commas; for mdns network interfaces',
      fromEnv('registryAddress'),
    )
    .option(
      '--registry-namespace <name>',
      'a namespace: a separate roll on the same backend',
      fromEnv('registryNamespace'),
    )
    .option(
      '--registry-token-file <path>',
      'file with the token; no option takes the token itself, because ps would show it',
      fromEnv('registryTokenFile'),
    )
    .option(
      '--registry-ca <path>',
      "PEM file with the authorities to trust for the registry's certificate",
      fromEnv('registryCa'),
    )
    .option('--registry-cert <path>', 'PEM file with the client certificate for the registry', fromEnv('registryCert'))
    .option('--registry-key <path>', 'PEM file with the key of --registry-cert', fromEnv('registryKey'))
    .addOption(timeOption('--timeout <time>', 'how long a call may take', '5s'))
    .option('--json', 'print JSON, for programs')
    .option('--quiet', 'print nothing but the result');
}

function tokenOf({ registryTokenFile: path }: CommonOptions): string | undefined {
  // An empty variable counts as absent.
  if (path === undefined) return program.env[tokenVariable] || undefined;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new CliError(
      exitCodes.usage,
      `cannot read the token file: ${cause instanceof Error ? cause.message : String(cause)}; name a readable one with --registry-token-file`,
    );
  }
}

/** The options in the form that adapters take. */
export function registryOptions(options: CommonOptions): CommonRegistryOptions {
  const { registryAddress, registryNamespace: namespace, timeout: timeoutMs } = options;
  const addresses = registryAddress?.split(',').map((address) => address.trim());
  const { registryTokenFile: tokenFile, registryCa: ca, registryCert: cert, registryKey: key } = options;
  const hasFiles = ca !== undefined || cert !== undefined || key !== undefined;
  const tls = hasFiles ? { tlsFiles: { ca, cert, key } } : {};
  return { addresses, namespace, token: tokenOf(options), tokenFile, ...tls, timeoutMs, env: program.env };
}

/**
 * The adapter that the options name: one that the command includes, or one that is installed beside the command or in
 * the working directory.
 */
export async function namedAdapter({ registry }: CommonOptions): Promise<AdapterDescriptor> {
  const adapter = await findAdapter(registry, broughtAlong, program.place);
  if (adapter.capabilities.crossProcess) return adapter;
  throw new CliError(
    exitCodes.usage,
    `the ${adapter.name} registry lives inside one process, so this command cannot see it: choose another --registry`,
  );
}

/** Refuses a name that the registry would refuse, before the command prints or starts anything. */
export function checkServiceName(name: string): void {
  if (limits.isServiceName(name)) return;
  const rule = '1-63 of [a-z0-9._-], starting with a letter or digit';
  throw new CliError(exitCodes.usage, `name must be ${rule}, got ${JSON.stringify(name.slice(0, 80))}`);
}

/** Opens the registry that the options name. */
export async function openNamed(options: CommonOptions): Promise<Registry> {
  return openAdapter(await namedAdapter(options), registryOptions(options));
}

/** Runs `work` with a registry and closes it, whatever happens. */
export async function withRegistry(options: CommonOptions, work: (registry: Registry) => Promise<void>): Promise<void> {
  const adapter = await namedAdapter(options);
  const registry = openAdapter(adapter, registryOptions(options));
  try {
    await work(registry);
  } catch (error) {
    throw withRemedy(error, adapter, options);
  } finally {
    await registry.close();
  }
}

/** An error of a call, with what to do about it where its message does not say it. */
export function withRemedy(error: unknown, adapter: AdapterDescriptor, options: CommonOptions): unknown {
  if (!RegistryError.is(error, 'UNAVAILABLE', 'TIMEOUT')) return withTokenHint(error, adapter, options);
  const remedy = remedyOf(adapter, error);
  if (remedy === undefined) return error;
  return new CliError(exitCodes.unavailable, `${error.message}${askedAt(adapter, options, error)}: ${remedy}`);
}

/** An error of a Rollcall server to a request without a token, with what to do. */
function withTokenHint(error: unknown, { admin }: AdapterDescriptor, options: CommonOptions): unknown {
  const sentOne = tokenOf(options) !== undefined || options.registryTokenFile !== undefined;
  if (admin === undefined || sentOne || !RegistryError.is(error, 'UNAUTHORIZED')) return error;
  return new CliError(
    exitCodes.unauthorized,
    `${error.message}; name a file that holds a token with --registry-token-file`,
  );
}

/** What to do when the backend does not answer, as the end of a sentence; undefined where it has answered. */
export function remedyOf(
  { addresses, startHint }: AdapterDescriptor,
  { cause, message }: RegistryError,
): string | undefined {
  // A status comes from a backend that runs at this address, and its message says what is wrong.
  const hasAnswered = cause instanceof Error && 'status' in cause && typeof cause.status === 'number';
  // Errors of mDNS name the command.
  if (hasAnswered || message.includes('`rollcall doctor')) return undefined;
  if (addresses.kind !== 'endpoint') return 'see `rollcall doctor`';
  const name = 'name its address with --registry-address';
  return startHint === undefined ? name : `${startHint}, or ${name}`;
}

function askedAt(
  { addresses }: AdapterDescriptor,
  { registryAddress }: CommonOptions,
  { message }: RegistryError,
): string {
  if (addresses.kind !== 'endpoint') return '';
  // An empty address counts as absent.
  const places = registryAddress || addresses.defaults.join(', ');
  return message.includes(places) ? '' : ` (asked at ${places})`;
}

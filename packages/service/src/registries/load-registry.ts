import { readFileSync } from 'node:fs';
import { type Logger, type Registry, RegistryError } from '@rollcall/core';
import type { AdapterDescriptor, CommonRegistryOptions } from '@rollcall/core/adapter';
import { StatusLines } from '../status-lines.ts';
import { findAdapter, type Registries, type RegistryName } from './find-adapter.ts';
import {
  programPlace,
  programSettings,
  readSetting,
  type SettingSources,
  type Sourced,
  tokenVariable,
} from './settings.ts';

/** Options of {@link loadRegistry}. */
export interface LoadRegistryOptions {
  /** The registry's name if neither flag nor variable gives one; default `memory`. */
  readonly default?: RegistryName | undefined;
  /** The program's arguments; default `process.argv`. */
  readonly argv?: readonly string[] | undefined;
  /** The environment; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** name -> factory or adapter: for bundled programs and third-party adapters. Looked up before any import. */
  readonly registries?: Registries | undefined;
  /** Where the line goes; default: stderr. */
  readonly logger?: Logger | undefined;
}

/** A line that says which registry, by which adapter, and why. */
export interface ChosenRegistry {
  readonly registry: Registry;
  readonly adapter: AdapterDescriptor;
  readonly explanation: string;
}

/**
 * The registry that flag, environment or default name: `--registry`, `ROLLCALL_REGISTRY`, `MICRO_REGISTRY`. A plain name
 * is an adapter `@rollcall/<name>` or `rollcall-<name>`, `@scope/name` a package, a path a file that exports `adapter`.
 *
 * One line says which and why, to `logger` or else to stderr.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a name that leads nowhere (says what to install) or to no adapter.
 */
export async function loadRegistry(options: LoadRegistryOptions = {}): Promise<Registry> {
  const { registry, explanation } = await chooseRegistry(options);
  new StatusLines('', options.logger).info(explanation);
  return registry;
}

const adapters = new WeakMap<Registry, AdapterDescriptor>();

/** Makes a registry by its adapter, and remembers the adapter in case a service is given the registry. */
export function openAdapter(adapter: AdapterDescriptor, options: CommonRegistryOptions): Registry {
  checkTlsFiles(adapter, options);
  const registry = adapter.create(options);
  adapters.set(registry, adapter);
  return registry;
}

/** @throws RegistryError `INVALID_ARGUMENT`: the options name files that the adapter would silently ignore. */
export function checkTlsFiles(
  { name, tlsFiles, environment }: AdapterDescriptor,
  options: CommonRegistryOptions,
): void {
  if (options.tlsFiles === undefined || tlsFiles === true) return;
  const instead = environment.length === 0 ? '' : `: it reads ${environment.join(', ')}`;
  const message = `the ${name} registry does not take --registry-ca, --registry-cert and --registry-key${instead}`;
  throw new RegistryError('INVALID_ARGUMENT', message, { registry: name });
}

/** The adapter of a registry that {@link openAdapter} made; undefined for any other registry. */
export const adapterOf = (registry: Registry): AdapterDescriptor | undefined => adapters.get(registry);

/** Like {@link loadRegistry}, with the adapter and the reason. */
export async function chooseRegistry(options: LoadRegistryOptions = {}): Promise<ChosenRegistry> {
  const program = programSettings();
  const { argv = program.argv, env = program.env, registries = {}, logger } = options;
  const sources = { argv, env };
  const given = readSetting('registry', sources);
  const name = given?.value ?? options.default ?? 'memory';
  const adapter = await findAdapter(name, registries, programPlace());
  const registry = openAdapter(adapter, { ...commonOptions(sources), ...(logger === undefined ? {} : { logger }) });
  return { registry, adapter, explanation: explain(adapter, given, options.default) };
}

function explain({ name, capabilities }: AdapterDescriptor, given: Sourced | undefined, fallback?: string): string {
  const why =
    given?.source ??
    `${fallback === undefined ? 'default' : "the program's default"}; --registry or ROLLCALL_REGISTRY not given`;
  return `registry=${name} (${why})${capabilities.crossProcess ? '' : ': only this process sees it'}`;
}

/** The flags and variables that apply to every adapter. */
export function commonOptions(sources: SettingSources): CommonRegistryOptions {
  const addresses = readSetting('registryAddress', sources)?.value.split(',');
  const namespace = readSetting('registryNamespace', sources)?.value;
  return {
    env: sources.env,
    ...(addresses === undefined
      ? {}
      : { addresses: addresses.map((address) => address.trim()).filter((address) => address !== '') }),
    ...tokenOptions(sources),
    ...tlsOptions(sources),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** The file overrides the variable, since it can be replaced while the program runs. The adapter gets the present token. */
export function tokenOptions(sources: SettingSources): Pick<CommonRegistryOptions, 'token' | 'tokenFile'> {
  const file = readSetting('registryTokenFile', sources);
  if (file !== undefined) return { token: readToken(file), tokenFile: file.value };
  const token = sources.env[tokenVariable]?.trim();
  return token === undefined || token === '' ? {} : { token };
}

/** The PEM files that flags and variables name. */
export function tlsOptions(sources: SettingSources): Pick<CommonRegistryOptions, 'tlsFiles'> {
  const [ca, cert, key] = (['registryCa', 'registryCert', 'registryKey'] as const).map(
    (name) => readSetting(name, sources)?.value,
  );
  return ca === undefined && cert === undefined && key === undefined ? {} : { tlsFiles: { ca, cert, key } };
}

function readToken({ value, source }: Sourced): string {
  try {
    return readFileSync(value, 'utf8').trim();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RegistryError(
      'INVALID_ARGUMENT',
      `${source}: cannot read the token file: ${why}; name one that this process can read`,
      { cause },
    );
  }
}

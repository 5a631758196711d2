import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Logger, type Registry, RegistryError, type RegistryOptions } from '@rollcall/core';
import { readSetting, type SettingSources, type Sourced } from './settings.ts';

/** A backend by name: one of ours, or one of `registries`. */
export type RegistryName = 'memory' | 'mdns' | 'consul' | 'etcd' | 'discovery' | (string & {});

/** What every adapter's factory takes. */
export interface CommonRegistryOptions extends RegistryOptions {
  readonly addresses?: readonly string[] | undefined;
  readonly token?: string | undefined;
}

/** An adapter package `@rollcall/<name>` exports its factory as `<name>`. */
export type RegistryFactory = (options: CommonRegistryOptions) => Registry;

/** Options of {@link loadRegistry}. */
export interface LoadRegistryOptions {
  /** When neither flag nor variable says; default `memory`. */
  readonly default?: RegistryName | undefined;
  /** Default `process.argv`. */
  readonly argv?: readonly string[] | undefined;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** name -> factory: bundler-safe, and the way for third parties. Looked at before any import. */
  readonly registries?: Readonly<Record<string, RegistryFactory>> | undefined;
  readonly logger?: Logger | undefined;
}

const ours = ['memory', 'mdns', 'consul', 'etcd', 'discovery'];

/** Which registry and why, as one line. */
export interface ChosenRegistry {
  readonly registry: Registry;
  readonly explanation: string;
}

/**
 * The registry that flag, environment or default name: `--registry`, `ROLLCALL_REGISTRY`, `MICRO_REGISTRY`.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for an unknown name (lists the known ones) or a package that is missing (says
 * what to install).
 */
export async function loadRegistry(options: LoadRegistryOptions = {}): Promise<Registry> {
  return (await chooseRegistry(options)).registry;
}

/** As {@link loadRegistry}, with the reason. */
export async function chooseRegistry(options: LoadRegistryOptions = {}): Promise<ChosenRegistry> {
  const { argv = process.argv, env = process.env, registries = {}, logger } = options;
  const sources = { argv, env };
  const given = readSetting('registry', sources);
  const name = given?.value ?? options.default ?? 'memory';
  const factory = await findFactory(name, registries);
  const registry = factory({ ...commonOptions(name, sources), ...(logger === undefined ? {} : { logger }) });
  return { registry, explanation: explain(name, given, options.default) };
}

function explain(name: string, given: Sourced | undefined, fallback: string | undefined): string {
  const why =
    given?.source ??
    `${fallback === undefined ? 'default' : "the program's default"}; --registry or ROLLCALL_REGISTRY not given`;
  return `registry=${name} (${why})${name === 'memory' ? ': only this process sees it' : ''}`;
}

function commonOptions(name: string, sources: SettingSources): CommonRegistryOptions {
  const addresses = readSetting('registryAddress', sources)
    ?.value.split(',')
    .map((address) => address.trim());
  const tokenFile = readSetting('registryTokenFile', sources);
  // Whoever names memory by flag means the roll of this process, not one that nobody shares.
  const namespace = readSetting('registryNamespace', sources)?.value ?? (name === 'memory' ? 'default' : undefined);
  return {
    ...(addresses === undefined ? {} : { addresses: addresses.filter((address) => address !== '') }),
    ...(tokenFile === undefined ? {} : { token: readToken(tokenFile) }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function readToken({ value, source }: Sourced): string {
  try {
    return readFileSync(value, 'utf8').trim();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RegistryError('INVALID_ARGUMENT', `${source}: cannot read the token: ${why}`, { cause });
  }
}

/**
 * The factory of an adapter: one of `registries`, else what `@rollcall/<name>` exports.
 *
 * @throws RegistryError `INVALID_ARGUMENT` as {@link loadRegistry}.
 */
export async function findFactory(
  name: RegistryName,
  registries: Readonly<Record<string, RegistryFactory>> = {},
): Promise<RegistryFactory> {
  if (Object.hasOwn(registries, name)) return registries[name] as RegistryFactory;
  const factory = (await loadAdapter(name, Object.keys(registries)))[name];
  if (typeof factory !== 'function') throw new RegistryError('INTERNAL', `@rollcall/${name} does not export ${name}`);
  return factory as RegistryFactory;
}

/**
 * All that `@rollcall/<name>` exports.
 *
 * @throws RegistryError `INVALID_ARGUMENT` as {@link loadRegistry}.
 */
export async function loadAdapter(
  name: RegistryName,
  others: readonly string[] = [],
): Promise<Readonly<Record<string, unknown>>> {
  const known = [...new Set([...others, ...ours])];
  if (!ours.includes(name)) {
    throw new RegistryError(
      'INVALID_ARGUMENT',
      `registry ${JSON.stringify(name)} is unknown: choose one of ${known.join(', ')}`,
    );
  }
  const found = resolveAdapter(`@rollcall/${name}`);
  if (found === undefined) {
    const message = `registry ${name} needs the package @rollcall/${name}: npm install @rollcall/${name}`;
    throw new RegistryError('INVALID_ARGUMENT', message, { registry: name });
  }
  return (await import(found)) as Readonly<Record<string, unknown>>;
}

/** From the program's entry file, then from the `rollcall` package found there, then from the working directory. */
function resolveAdapter(specifier: string): string | undefined {
  const here = pathToFileURL(join(process.cwd(), 'index.js')).href;
  const main = process.argv[1] === undefined ? here : pathToFileURL(entryFile(process.argv[1])).href;
  for (const from of [main, resolveFrom(main, 'rollcall'), here]) {
    const found = from === undefined ? undefined : resolveFrom(from, specifier);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A command in a bin folder is a link: its dependencies are beside what it points to. */
function entryFile(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function resolveFrom(from: string, specifier: string): string | undefined {
  try {
    return pathToFileURL(createRequire(from).resolve(specifier)).href;
  } catch {
    return undefined;
  }
}

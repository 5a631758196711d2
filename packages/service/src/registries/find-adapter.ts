import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Capabilities, RegistryError } from '@rollcall/core';
import type { AdapterDescriptor, RegistryFactory } from '@rollcall/core/adapter';

/** A backend by name, package or path: one of ours, or any other. */
export type RegistryName = 'memory' | 'mdns' | 'consul' | 'etcd' | 'discovery' | (string & {});

/** Adapters that the program passes in, so that a bundler includes them. They are looked up before any import. */
export type Registries = Readonly<Record<string, RegistryFactory | AdapterDescriptor>>;

/** The places from which packages and paths are resolved. */
export interface ProgramPlace {
  /** The program's entry file, `process.argv[1]`. */
  readonly entry: string | undefined;
  /** The working directory. */
  readonly cwd: string;
}

const isPath = (name: string): boolean => /^(?:[./]|file:|[A-Za-z]:[\\/])/.test(name);
const isPackage = (name: string): boolean => /^@[^/]+\/[^/]+$/.test(name);
const isPlainName = (name: string): boolean => /^[a-z0-9][a-z0-9._-]{0,63}$/.test(name);

/**
 * The adapter of a name: one of `registries`, else a package or a file by the rules of `--registry`. A plain name is
 * `@rollcall/<name>`, then `rollcall-<name>`. `@scope/name` is a package. A name that starts with `.` or `/`, a drive
 * letter or `file:` is a file, relative to the working directory.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a name that leads nowhere (says what to install) or to something that
 *   is not an adapter.
 */
export async function findAdapter(
  name: RegistryName,
  registries: Registries,
  place: ProgramPlace,
): Promise<AdapterDescriptor> {
  if (Object.hasOwn(registries, name)) return describe(name, registries[name]);
  const found = isPath(name) ? resolvePath(name, place) : resolvePackage(name, place);
  if (found === undefined) throw notFound(name, Object.keys(registries));
  return load(name, found);
}

/** Answers a given descriptor, or makes one for a bare factory, whose addresses and backend are unknown. */
function describe(name: string, given: unknown): AdapterDescriptor {
  if (isDescriptor(given)) return given;
  if (typeof given !== 'function')
    throw new RegistryError(
      'INVALID_ARGUMENT',
      `registries: ${name} must be a factory such as consul, or the adapter that its package exports`,
    );
  const create = given as RegistryFactory;
  return {
    name,
    create,
    get capabilities(): Capabilities {
      return create({}).capabilities;
    },
    addresses: { kind: 'none' },
    loopbackIsLocal: false,
    environment: [],
  };
}

function isDescriptor(value: unknown): value is AdapterDescriptor {
  if (typeof value !== 'object' || value === null) return false;
  const { create, capabilities, addresses } = value as Partial<Record<keyof AdapterDescriptor, unknown>>;
  return typeof create === 'function' && typeof capabilities === 'object' && typeof addresses === 'object';
}

async function load(name: string, url: string): Promise<AdapterDescriptor> {
  let module: { readonly adapter?: unknown };
  try {
    module = (await import(url)) as { readonly adapter?: unknown };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RegistryError('INVALID_ARGUMENT', `registry ${name} cannot be loaded from ${url}: ${why}`, { cause });
  }
  if (isDescriptor(module.adapter)) return module.adapter;
  const message = `registry ${name} is not an adapter: ${url} must export \`adapter\`, as docs/writing-an-adapter.md says`;
  throw new RegistryError('INVALID_ARGUMENT', message);
}

function notFound(name: string, known: readonly string[]): RegistryError {
  const others = known.length === 0 ? '' : `, or choose one that needs no installing: ${known.join(', ')}`;
  if (isPath(name))
    return new RegistryError(
      'INVALID_ARGUMENT',
      `registry ${name}: there is no such file; a relative path begins at the working directory`,
    );
  if (isPackage(name))
    return new RegistryError(
      'INVALID_ARGUMENT',
      `registry ${name} is not installed: install it with npm install ${name}`,
    );
  if (!isPlainName(name)) {
    const rule = 'must be the name of an adapter, a package @scope/name, or a path';
    return new RegistryError('INVALID_ARGUMENT', `registry ${JSON.stringify(name)} ${rule}`);
  }
  const message = `registry ${name} is not installed: neither @rollcall/${name} nor rollcall-${name} was found. If the name is right, install it with npm install @rollcall/${name}${others}`;
  return new RegistryError('INVALID_ARGUMENT', message, { registry: name });
}

function resolvePath(name: string, { cwd }: ProgramPlace): string | undefined {
  const url = name.startsWith('file:') ? name : pathToFileURL(join(name.startsWith('.') ? cwd : '', name)).href;
  return resolveFrom(url, '.') ?? resolveFrom(pathToFileURL(join(cwd, 'index.js')).href, new URL(url).pathname);
}

/** Resolves from the program's entry file, then from the `rollcall` package found there, then from the working directory. */
function resolvePackage(name: string, { entry, cwd }: ProgramPlace): string | undefined {
  if (!isPackage(name) && !isPlainName(name)) return undefined;
  const here = pathToFileURL(join(cwd, 'index.js')).href;
  const main = entry === undefined ? here : pathToFileURL(realPath(entry)).href;
  const specifiers = isPackage(name) ? [name] : [`@rollcall/${name}`, `rollcall-${name}`];
  for (const specifier of specifiers) {
    for (const from of [main, resolveFrom(main, 'rollcall'), here]) {
      const found = from === undefined ? undefined : resolveFrom(from, specifier);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Follows links: a command in a bin folder is a link, and its dependencies are beside the target. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

// A bare `import()` in this library would resolve beside the library, which pnpm keeps apart from the program.
function resolveFrom(from: string, specifier: string): string | undefined {
  try {
    return pathToFileURL(createRequire(from).resolve(specifier)).href;
  } catch {
    return undefined;
  }
}

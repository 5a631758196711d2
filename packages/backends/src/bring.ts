import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A folder that git ignores. */
const cache = fileURLToPath(new URL('../../../.cache/backends/', import.meta.url));
const debianSources = '/etc/apt/sources.list.d/debian.sources';

/** A program that {@link findBinary} knows. */
export type BinaryName =
  | 'etcd'
  | 'etcdctl'
  | 'consul'
  | 'nft'
  | 'avahi-daemon'
  | 'avahi-browse'
  | 'avahi-publish'
  | 'dbus-daemon'
  | 'redis-server'
  | 'nats-server'
  | 'prometheus'
  | 'promtool'
  | 'strace';

/** A package of Debian that has the program, and where it installs the program. */
interface Package {
  readonly name: string;
  readonly suite: string;
  readonly path: string;
  /** Packages of libraries that a machine may lack. */
  readonly libraries?: readonly string[];
}

const nftLibraries = ['libnftables1', 'libnftnl11', 'libmnl0', 'libxtables12', 'libjansson4', 'libgmp10', 'libedit2'];
const avahiLibraries = [
  'libavahi-core7',
  'libavahi-client3',
  'libavahi-common3',
  'libdaemon0',
  'libdbus-1-3',
  'libgdbm6',
];
const redisLibraries = [
  // The server is a link to a file of this package.
  'redis-tools',
  'libhiredis0.14',
  'libjemalloc2',
  'liblua5.1-0',
  'liblzf1',
  'lua-bitop',
  'lua-cjson',
];
const avahiUtils = { name: 'avahi-utils', suite: 'bookworm', libraries: avahiLibraries };

const packages: Readonly<Record<BinaryName, Package>> = {
  etcd: { name: 'etcd-server', suite: 'trixie', path: 'usr/bin/etcd' },
  etcdctl: { name: 'etcd-client', suite: 'trixie', path: 'usr/bin/etcdctl' },
  consul: { name: 'consul', suite: 'bullseye', path: 'usr/bin/consul' },
  prometheus: { name: 'prometheus', suite: 'bookworm', path: 'usr/bin/prometheus' },
  promtool: { name: 'prometheus', suite: 'bookworm', path: 'usr/bin/promtool' },
  nft: { name: 'nftables', suite: 'bookworm', path: 'usr/sbin/nft', libraries: nftLibraries },
  'avahi-daemon': { name: 'avahi-daemon', suite: 'bookworm', path: 'usr/sbin/avahi-daemon', libraries: avahiLibraries },
  'avahi-browse': { ...avahiUtils, path: 'usr/bin/avahi-browse' },
  'avahi-publish': { ...avahiUtils, path: 'usr/bin/avahi-publish' },
  'dbus-daemon': {
    name: 'dbus-daemon',
    suite: 'bookworm',
    path: 'usr/bin/dbus-daemon',
    libraries: ['libdbus-1-3', 'libapparmor1', 'libexpat1'],
  },
  'redis-server': { name: 'redis-server', suite: 'bookworm', path: 'usr/bin/redis-server', libraries: redisLibraries },
  strace: { name: 'strace', suite: 'bookworm', path: 'usr/bin/strace', libraries: ['libunwind8'] },
  'nats-server': { name: 'nats-server', suite: 'trixie', path: 'usr/sbin/nats-server' },
};

/**
 * The path of a program: on PATH, or else brought from Debian into a cache folder of the project. The machine itself is
 * not changed.
 *
 * @throws Error saying what is missing and how to get it.
 */
export async function findBinary(name: BinaryName): Promise<string> {
  const installed = onPath(name);
  if (installed !== undefined) return installed;
  const wanted = packages[name];
  const path = join(cache, wanted.name, wanted.path);
  if (!existsSync(path)) await bring(name, wanted);
  return wanted.libraries === undefined ? path : withLibraries(join(cache, wanted.name), name, path);
}

/** The path of an installed program. */
export function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Writes a script that runs the program with the libraries of its package. The script finds them relative to itself, so
 * that a copy of the cache works in another folder.
 */
async function withLibraries(folder: string, name: string, path: string): Promise<string> {
  const script = join(folder, `run-${name}`);
  const here = (place: string): string => `"$here"/'${relative(folder, place)}'`;
  const lib = join(folder, 'usr/lib');
  const folders = (await readdir(lib)).filter((entry) => entry.endsWith('-linux-gnu')).map((entry) => join(lib, entry));
  const text = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
LD_LIBRARY_PATH=${folders.map(here).join(':')} exec ${here(path)} "$@"
`;
  if (existsSync(script) && readFileSync(script, 'utf8') === text) return script;
  const fresh = `${script}.${process.pid}`;
  await writeFile(fresh, text, { mode: 0o755 });
  await rename(fresh, script);
  return script;
}

async function bring(name: string, wanted: Package): Promise<void> {
  if (onPath('apt-get') === undefined || !existsSync(debianSources)) {
    throw new Error(`${name} is missing: put it on PATH (it can be brought only on Debian with apt-get)`);
  }
  process.stderr.write(`bringing ${name} (the package ${wanted.name} of Debian ${wanted.suite})\n`);
  await mkdir(cache, { recursive: true });
  // Each process brings into a folder of its own and renames it into place, since several may do so at the same time.
  const folder = await mkdtemp(join(cache, 'bringing-'));
  try {
    await download(folder, wanted);
    const archives = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
    if (archives.length === 0) throw new Error('apt-get downloaded nothing');
    for (const archive of archives) await run('dpkg', ['-x', join(folder, archive), join(folder, 'files')]);
    await rename(join(folder, 'files'), join(cache, wanted.name)).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } catch (cause) {
    throw new Error(`${name} could not be brought: put it on PATH (${(cause as Error).message})`, { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Fetches from the Debian suite that has the package, with package lists of its own, from this machine's usual mirror. */
async function download(folder: string, { name, suite, libraries = [] }: Package): Promise<void> {
  const [stanza = ''] = readFileSync(debianSources, 'utf8').split(/\n\s*\n/);
  const kept = stanza.split('\n').filter((line) => /^(URIs|Signed-By):/.test(line));
  const source = ['Types: deb', ...kept, `Suites: ${suite}`, 'Components: main', ''].join('\n');
  for (const part of ['sources', 'lists/partial', 'cache/archives/partial'])
    await mkdir(join(folder, part), { recursive: true });
  await writeFile(join(folder, 'sources', 'one.sources'), source);
  const options = [
    'Dir::Etc::SourceList=/dev/null',
    `Dir::Etc::SourceParts=${join(folder, 'sources')}`,
    `Dir::State::Lists=${join(folder, 'lists')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  await run('apt-get', [...options, 'update'], { cwd: folder, timeout: 120_000 });
  await run('apt-get', [...options, 'download', name, ...libraries], { cwd: folder, timeout: 120_000 });
}

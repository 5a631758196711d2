import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Ignored by git. */
const cache = fileURLToPath(new URL('../../../.cache/backends/', import.meta.url));
const debianSources = '/etc/apt/sources.list.d/debian.sources';

/** A program that {@link findBinary} knows. */
export type BinaryName = 'etcd' | 'etcdctl' | 'consul';

/** Where Debian has it. */
interface Package {
  readonly name: string;
  readonly suite: string;
  readonly path: string;
}

const packages: Readonly<Record<BinaryName, Package>> = {
  etcd: { name: 'etcd-server', suite: 'trixie', path: 'usr/bin/etcd' },
  etcdctl: { name: 'etcd-client', suite: 'trixie', path: 'usr/bin/etcdctl' },
  consul: { name: 'consul', suite: 'bullseye', path: 'usr/bin/consul' },
};

/**
 * The path of a program: the one on PATH, so that whoever has it uses theirs, else one that is brought from Debian into a
 * cache folder of the project. Nothing of the machine is changed.
 *
 * @throws Error saying what is missing and how to get it.
 */
export async function findBinary(name: BinaryName): Promise<string> {
  const installed = onPath(name);
  if (installed !== undefined) return installed;
  const wanted = packages[name];
  const path = join(cache, wanted.name, wanted.path);
  if (!existsSync(path)) await bring(name, wanted);
  return path;
}

function onPath(name: string): string | undefined {
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

async function bring(name: string, wanted: Package): Promise<void> {
  if (onPath('apt-get') === undefined || !existsSync(debianSources)) {
    throw new Error(`${name} is missing: put it on PATH (it can be brought only on Debian with apt-get)`);
  }
  process.stderr.write(`bringing ${name} (the package ${wanted.name} of Debian ${wanted.suite})\n`);
  await mkdir(cache, { recursive: true });
  // Each bringer in a folder of its own, put in place at once: several may bring at the same time.
  const folder = await mkdtemp(join(cache, 'bringing-'));
  try {
    await download(folder, wanted);
    const [archive] = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded nothing');
    await run('dpkg', ['-x', join(folder, archive), join(folder, 'files')]);
    await rename(join(folder, 'files'), join(cache, wanted.name)).catch((error: NodeJS.ErrnoException) => {
      // Another was faster.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } catch (cause) {
    throw new Error(`${name} could not be brought: put it on PATH (${(cause as Error).message})`, { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** From the suite that has it, by lists of its own, from where this machine gets its packages. */
async function download(folder: string, { name, suite }: Package): Promise<void> {
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
  await run('apt-get', [...options, 'download', name], { cwd: folder, timeout: 120_000 });
}

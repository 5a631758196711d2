import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { RegistryError } from '@rollcall/core';
import { holdProcess } from '@rollcall/core/adapter';
import { restoreBackup } from '@rollcall/server';
import { type Command, Option } from 'commander';
import { broughtAlong, type CommonOptions, namedAdapter, registryOptions, withCommon, withRemedy } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { counted, plain, print } from '../output.ts';

/** Deadline to the first byte, since a server first writes a large backup to its disk. Milliseconds. */
const leastTimeoutMs = 120_000;

interface RestoreOptions {
  readonly dataDir: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** Adds the commands `backup` and `restore`, for the roll of a discovery server. */
export function addBackupCommands(root: Command): void {
  withCommon(root.command('backup <file>'))
    .description('save what a discovery server keeps to one file, while it runs')
    .action(backup);
  root
    .command('restore <file>')
    .description('make a data folder from a backup, for rollcall serve --data-dir')
    .addOption(
      new Option('--data-dir <folder>', 'the folder to make; it must be empty or absent').makeOptionMandatory(),
    )
    .option('--json', 'print JSON, for programs')
    .option('--quiet', 'print nothing but errors')
    .action(restore);
}

async function backup(file: string, options: CommonOptions): Promise<void> {
  const adapter = await namedAdapter(options);
  if (adapter.admin === undefined) {
    const message = `--registry ${plain(adapter.name)} cannot make a backup: only a Rollcall server can, so give --registry ${broughtAlong.discovery.name}`;
    throw new CliError(exitCodes.usage, message);
  }
  // Keeps the process alive, which the connection of a stream does not.
  const release = holdProcess();
  try {
    const timeoutMs = Math.max(options.timeout, leastTimeoutMs);
    const bytes = await adapter.admin(registryOptions(options)).backup({ timeoutMs });
    await write(bytes, file);
  } catch (error) {
    throw withRemedy(error, adapter, options);
  } finally {
    release();
  }
  if (options.json) print(JSON.stringify({ file }));
  else if (!options.quiet) print(`wrote ${plain(file)}: keep it secret, because it holds the handle of every lease`);
}

/** Never overwrites a file, and removes its own file when the backup is incomplete. */
async function write(bytes: AsyncIterable<Uint8Array>, file: string): Promise<void> {
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  let isOurs = false;
  target.once('open', () => {
    isOurs = true;
  });
  try {
    await pipeline(bytes, target);
  } catch (error) {
    if (isOurs) await rm(file, { force: true });
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new CliError(exitCodes.usage, `${file} exists already: name another file`);
    if (syscall === undefined) throw error;
    throw new CliError(
      exitCodes.unexpected,
      `cannot write the backup: ${message}; name a file that this user may write, on a disk with room`,
    );
  }
}

async function restore(file: string, { dataDir, json, quiet }: RestoreOptions): Promise<void> {
  const instances = await restoreBackup(file, dataDir).catch((error: unknown) => {
    throw RegistryError.is(error, 'INVALID_ARGUMENT') ? new CliError(exitCodes.usage, error.message) : error;
  });
  if (json) print(JSON.stringify({ dataDir, instances }));
  else if (!quiet)
    print(
      `restored ${counted(instances, 'instance')} into ${plain(dataDir)}: start a server with rollcall serve --data-dir ${plain(dataDir)}`,
    );
}

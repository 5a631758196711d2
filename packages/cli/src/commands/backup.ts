import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { RegistryError } from '@rollcall/core';
import { holdProcess } from '@rollcall/core/adapter';
import { restoreBackup } from '@rollcall/server';
import { type Command, Option } from 'commander';
import { type CommonOptions, namedAdapter, registryOptions, remedyOf, withCommon } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { plain, print } from '../output.ts';

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
    .description('make a data folder of a backup, for rollcall serve --data-dir')
    .addOption(new Option('--data-dir <folder>', 'a folder that is empty or not there').makeOptionMandatory())
    .option('--json', 'for programs')
    .option('--quiet', 'nothing but errors')
    .action(restore);
}

async function backup(file: string, options: CommonOptions): Promise<void> {
  const adapter = await namedAdapter(options);
  if (adapter.admin === undefined) {
    const message = `--registry ${plain(adapter.name)} has no backup of ours: this command is for the discovery server`;
    throw new CliError(exitCodes.usage, message);
  }
  // Keeps the process alive, which the connection of a stream does not.
  const release = holdProcess();
  try {
    const timeoutMs = Math.max(options.timeout, leastTimeoutMs);
    const bytes = await adapter.admin(registryOptions(options)).backup({ timeoutMs });
    await write(bytes, file);
  } catch (error) {
    if (!RegistryError.is(error, 'UNAVAILABLE', 'TIMEOUT')) throw error;
    throw new CliError(exitCodes.unavailable, `${error.message}: ${remedyOf(adapter)}`);
  } finally {
    release();
  }
  if (options.json) print(JSON.stringify({ file }));
  else if (!options.quiet)
    print(`wrote ${plain(file)}: keep it as you keep secrets, it holds the handle of every lease`);
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
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CliError(exitCodes.usage, `${plain(file)} is there already: name another file`);
  }
}

async function restore(file: string, { dataDir, json, quiet }: RestoreOptions): Promise<void> {
  const instances = await restoreBackup(file, dataDir).catch((error: unknown) => {
    throw RegistryError.is(error, 'INVALID_ARGUMENT') ? new CliError(exitCodes.usage, error.message) : error;
  });
  if (json) print(JSON.stringify({ dataDir, instances }));
  else if (!quiet)
    print(
      `restored ${instances} instances into ${plain(dataDir)}: start it with rollcall serve --data-dir ${plain(dataDir)}`,
    );
}

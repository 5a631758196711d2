import { existsSync, readdirSync } from 'node:fs';
import { copyFile, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RegistryError } from '@rollcall/core';
import { makeFolder } from './store/folder.ts';
import { storeName } from './store/group.ts';
import { withoutAdvice } from './store/store-error.ts';
import { StoreThread } from './store/store-thread.ts';

/**
 * Makes a data folder from a backup and checks every row; returns the number of entries. A server that starts on it
 * begins a new epoch.
 *
 * @throws RegistryError `INVALID_ARGUMENT`: the file is missing, is not a backup, or is damaged, or the folder is not
 *   empty. Then the folder stays as it was.
 */
export async function restoreBackup(file: string, dataDir: string): Promise<number> {
  if (!existsSync(file)) throw refused(`there is no file ${file}: name a file that rollcall backup wrote`);
  const target = join(dataDir, storeName);
  try {
    makeFolder(dataDir);
    if (readdirSync(dataDir).length > 0)
      throw refused(`the folder ${dataDir} is not empty: name a new one, so that no roll is overwritten`);
  } catch (cause) {
    if (RegistryError.is(cause)) throw cause;
    throw refused(
      `${dataDir} cannot be a data folder: ${(cause as Error).message}; name another with --data-dir`,
      cause,
    );
  }
  try {
    await copyFile(file, target);
    await sync(target);
    return await countEntries(dataDir);
  } catch (cause) {
    for (const name of readdirSync(dataDir)) await rm(join(dataDir, name), { force: true });
    throw refused(`${file} cannot be restored: ${withoutAdvice((cause as Error).message)}; name another backup`, cause);
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function countEntries(dataDir: string): Promise<number> {
  const store = StoreThread.start(dataDir, true);
  try {
    const { entries } = await store.opened;
    await store.read(() => {});
    await store.checked();
    return entries;
  } finally {
    await store.close();
  }
}

const refused = (message: string, cause?: unknown): RegistryError =>
  new RegistryError('INVALID_ARGUMENT', message, { cause, registry: 'server' });

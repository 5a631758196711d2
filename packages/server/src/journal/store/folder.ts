import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StoreError } from './store-error.ts';

/**
 * Makes the folder of a store, with missing parents, and checks that it can be written.
 *
 * @throws StoreError `unwritable`: the message says what to do.
 */
export function prepareFolder(folder: string): void {
  try {
    makeFolder(folder);
    if (!statSync(folder).isDirectory()) throw new Error('it is a file, not a folder');
    const names = readdirSync(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const name of names) accessSync(join(folder, name), constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw unfit((cause as Error).message, cause);
  }
}

/** The path of a backup until it has been read. */
export const backupFile = (folder: string, count: number): string => join(folder, `backup-${process.pid}-${count}.tmp`);

/** Removes a backup that a killed server left half-written. */
export function removeBackups(folder: string): void {
  for (const name of readdirSync(folder))
    if (/^backup-\d+-\d+\.tmp/.test(name)) rmSync(join(folder, name), { force: true });
}

/** The error for a folder in which this user cannot keep a store. */
export function unfit(why: string, cause: unknown): StoreError {
  const message = `${why}. Let the user of the server write the folder and what is in it, or name another folder with --data-dir`;
  return new StoreError({ kind: 'unwritable', message }, cause);
}

/**
 * Makes the missing folders one by one: with `recursive` Node never ends where a file system refuses a new folder with
 * ENOENT, as /proc does.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) missing.push(path);
  for (const path of missing.reverse()) {
    mkdirSync(path, { mode: 0o700 });
    // SQLite syncs the folder of its files, but not the folders above it.
    syncFolder(dirname(path));
  }
}

function syncFolder(folder: string): void {
  // Windows has no such call, and needs none.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

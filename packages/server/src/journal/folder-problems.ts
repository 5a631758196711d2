import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { storeName } from './store/group.ts';
import { checkMarks, marksIn } from './store/schema.ts';

/** What is wrong with a data folder. */
export interface FolderProblem {
  readonly message: string;
  /** Whether a running server holds the folder. */
  readonly isInUse: boolean;
}

/**
 * The reason why a server could not start on a data folder; undefined when no reason is seen. The check creates and
 * changes nothing.
 */
export function folderProblem(folder: string): FolderProblem | undefined {
  try {
    if (!existsSync(folder)) checkCanBeMade(folder);
    else checkUsable(folder);
  } catch (cause) {
    return { message: cause instanceof Error ? cause.message : String(cause), isInUse: false };
  }
  if (!isInUse(join(folder, storeName))) return undefined;
  return {
    message: `the folder ${folder} is in use by a running server: stop it, or name another folder`,
    isInUse: true,
  };
}

function checkCanBeMade(folder: string): void {
  let above = dirname(resolve(folder));
  while (!existsSync(above)) above = dirname(above);
  if (!statSync(above).isDirectory())
    throw new Error(`${folder} cannot be made: ${above} is not a folder: name another`);
  allow(
    above,
    constants.W_OK | constants.X_OK,
    `${folder} cannot be made: no permission to write in ${above}: name another, or give it to the user of the server`,
  );
}

function checkUsable(folder: string): void {
  if (!statSync(folder).isDirectory()) throw new Error(`${folder} is not a folder: name another`);
  const { R_OK, W_OK, X_OK } = constants;
  allow(folder, R_OK | W_OK | X_OK, `no permission to write in ${folder}: it must belong to the user of the server`);
  const file = join(folder, storeName);
  if (!existsSync(file)) return;
  allow(file, R_OK | W_OK, `no permission to write ${file}: it must belong to the user of the server`);
  // While a log exists, it may hold the newest marks: the server reads them when it starts.
  const marks = existsSync(`${file}-wal`) ? undefined : marksIn(firstBytes(file));
  if (marks !== undefined) checkMarks(marks, file);
}

function allow(path: string, mode: number, refusal: string): void {
  try {
    accessSync(path, mode);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(
      code === 'EROFS' ? `${path} is on a read-only disk: name another folder, or mount the disk writable` : refusal,
      { cause },
    );
  }
}

function firstBytes(file: string): Buffer {
  const bytes = Buffer.alloc(100);
  const descriptor = openSync(file, 'r');
  try {
    return bytes.subarray(0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

/** The last of the bytes by which SQLite locks a file for one process. https://sqlite.org/src/doc/trunk/src/os.h */
const lockedByte = 0x4000_0000 + 511;

/**
 * Whether a process has the store locked. Only Linux tells without an attempt to lock it, which would write the log of a
 * server that crashed into the store. Elsewhere, and for a server in another container, the answer is false.
 */
function isInUse(file: string): boolean {
  if (process.platform !== 'linux' || !existsSync(file)) return false;
  const { ino } = statSync(file, { bigint: true });
  try {
    const lock = new RegExp(` WRITE +-?\\d+ [0-9a-f]+:[0-9a-f]+:${ino} \\d+ ${lockedByte}$`, 'm');
    return lock.test(readFileSync('/proc/locks', 'utf8'));
  } catch {
    return false;
  }
}

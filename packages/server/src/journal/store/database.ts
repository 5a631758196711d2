import { chmodSync, constants, copyFileSync, statSync } from 'node:fs';
import Database from 'libsql';

/** Opens the file of a store, and locks it. */
export function connect(file: string): Database.Database {
  const db = new Database(file);
  try {
    // The file holds the handles of every lease. SQLite gives the log the mode of the file.
    chmodSync(file, 0o600);
    for (const pragma of ['locking_mode=exclusive', 'journal_mode=wal', 'synchronous=full']) db.pragma(pragma);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Distinguishes a file from its copy. The copy has another inode, even if the tool that copied it kept its times. */
export function identityOf(file: string): string {
  const { ino, birthtimeNs } = statSync(file, { bigint: true });
  return `${ino}:${birthtimeNs}`;
}

/** Copies the log for analysis: SQLite removes the log, with the frames that it rejected, when it closes the file. */
export function saveLog(file: string): void {
  try {
    copyFileSync(`${file}-wal`, `${file}-wal.damaged`, constants.COPYFILE_EXCL);
  } catch {
    // There is no log, or an earlier damaged log has been kept already.
  }
}

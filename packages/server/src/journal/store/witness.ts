import { closeSync, constants, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Size of the file. Bytes. */
const length = 32;

/**
 * The number of the last synced group, in a file of its own. It is written after the sync of the group, without a sync
 * of its own, so after a power cut it may lag behind the store but is never ahead of it. A store that ends before this
 * number has lost groups: SQLite takes a damaged frame of its write-ahead log for the end of the log, and silently
 * drops all later frames.
 */
export class Witness {
  readonly #file: number;

  private constructor(file: number) {
    this.#file = file;
  }

  static open(path: string): Witness {
    return new Witness(openSync(path, openFlags, 0o600));
  }

  /** The number in the file; 0: there is none, or the file was cut while it was written. */
  static read(path: string): number {
    let text: string;
    try {
      text = readFileSync(path, 'latin1');
    } catch {
      return 0;
    }
    const [digits = '', sum = ''] = text.trim().split(' ');
    return digits !== '' && crc32(digits).toString(16) === sum ? Number(digits) : 0;
  }

  /** Writes the number. A failure does not fail the group, because the next group writes the number again. */
  write(groups: number): void {
    const digits = `${groups}`;
    try {
      writeSync(this.#file, `${digits} ${crc32(digits).toString(16)}`.padEnd(length), 0, 'latin1');
    } catch {
      // A failure does no harm, because the older number in the file is still true.
    }
  }

  close(): void {
    try {
      fdatasyncSync(this.#file);
    } finally {
      closeSync(this.#file);
    }
  }
}

/** The number is written over the old one, not after a truncation, so that the file always has a number. */
const openFlags = constants.O_RDWR | constants.O_CREAT;

import { closeSync, constants, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Size of the file. Bytes. */
const length = 32;

/**
 * The number of the last group that was synced, in a file of its own, written without a sync after the sync of the group.
 * It may lag behind the store after a power cut and is never ahead of it, so a store that ends before it has lost groups:
 * SQLite takes a damaged frame of its write-ahead log for the end of the log, and drops what follows without a word.
 */
export class Witness {
  readonly #file: number;

  private constructor(file: number) {
    this.#file = file;
  }

  static open(path: string): Witness {
    return new Witness(openSync(path, openFlags, 0o600));
  }

  /** What the file says; 0: there is none, or it was cut while it was written. */
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

  /** Its failure is no failure of the group: the next one writes it again. */
  write(groups: number): void {
    const digits = `${groups}`;
    try {
      writeSync(this.#file, `${digits} ${crc32(digits).toString(16)}`.padEnd(length), 0, 'latin1');
    } catch {
      // An older number is true as well.
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

/** Not truncated: what it says stands until it is overwritten. */
const openFlags = constants.O_RDWR | constants.O_CREAT;

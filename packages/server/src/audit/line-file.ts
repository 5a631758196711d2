import { closeSync, openSync, write } from 'node:fs';
import { RegistryError } from '@rollcall/core';

/** How much may wait to be written while the disk is slow, in characters. Lines beyond this are lost. */
const maxWaiting = 8_388_608;

/** A file to which lines are appended, in order, without holding up the caller. */
export class LineFile {
  readonly #path: string;
  /** Called once when lines begin to be lost. */
  readonly #onFault: (cause: unknown) => void;
  readonly #lostLine: (count: number) => string;
  #descriptor: number;
  #next: number | undefined;
  #waiting: string[] = [];
  #length = 0;
  #lost = 0;
  #writing: Promise<void> | undefined;
  #isFaulty = false;

  /** @throws RegistryError `INVALID_ARGUMENT`: it cannot be opened. */
  constructor(path: string, lostLine: (count: number) => string, onFault: (cause: unknown) => void) {
    this.#path = path;
    this.#lostLine = lostLine;
    this.#onFault = onFault;
    this.#descriptor = open(path);
  }

  append(line: string): void {
    if (this.#length + line.length > maxWaiting) {
      this.#lose(1, new Error('the disk is too slow'));
      return;
    }
    this.#waiting.push(line);
    this.#length += line.length;
    this.#writing ??= this.#write();
  }

  /** Resolves when all appended lines have been written, or given up. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Goes on in a new file, after the old one has been moved away. Lines that are being written end up in the old one. */
  reopen(): void {
    const next = open(this.#path);
    if (this.#next !== undefined) closeSync(this.#next);
    this.#next = next;
    if (this.#writing === undefined) this.#goOn();
  }

  async close(): Promise<void> {
    await this.flush();
    closeSync(this.#descriptor);
  }

  #goOn(): void {
    if (this.#next === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = this.#next;
    this.#next = undefined;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      this.#goOn();
      const lines = this.#lost > 0 ? [this.#lostLine(this.#lost), ...this.#waiting] : this.#waiting;
      const count = this.#waiting.length;
      this.#waiting = [];
      this.#length = 0;
      try {
        await writeAll(this.#descriptor, Buffer.from(lines.map((line) => `${line}\n`).join('')));
        this.#lost = 0;
        this.#isFaulty = false;
      } catch (cause) {
        this.#lose(count, cause);
      }
    }
    this.#goOn();
    this.#writing = undefined;
  }

  #lose(count: number, cause: unknown): void {
    this.#lost += count;
    if (this.#isFaulty) return;
    this.#isFaulty = true;
    this.#onFault(cause);
  }
}

/** Opens the file. Only its owner may read it, since it says which addresses do what. */
function open(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    const message = `cannot open the audit log: ${cause instanceof Error ? cause.message : String(cause)}; name a file that the server may write with --audit-log`;
    throw new RegistryError('INVALID_ARGUMENT', message, { cause, registry: 'server' });
  }
}

async function writeAll(descriptor: number, buffer: Buffer): Promise<void> {
  for (let from = 0; from < buffer.length; ) from += await writeOnce(descriptor, buffer, from);
}

const writeOnce = (descriptor: number, buffer: Buffer, from: number): Promise<number> =>
  new Promise((resolve, reject) => {
    write(descriptor, buffer, from, (error, written) => (error === null ? resolve(written) : reject(error)));
  });

import { chunkBytes } from '../../server-options.ts';

/** What a {@link Snapshot} is made of. */
export interface SnapshotSource<T> {
  readonly items: readonly T[];
  /** An item in the wire format, as JSON. */
  readonly write: (item: T) => string;
  /** Rough size. */
  readonly bytes: number;
  readonly takenAt: number;
}

/**
 * A reader in the middle of a list. The list empties a reader that leaves: V8 keeps the old table of a growing set
 * until its next full collection, and that table still holds the reader.
 */
interface Reader {
  /** Ends the reading. */
  cut: () => void;
}

/** A list as JSON, without its brackets, in chunks. A chunk is written when the first reader comes to it, once for all readers. */
export class Snapshot {
  /** Rough size. */
  readonly bytes: number;
  readonly takenAt: number;
  /** When a reader last asked for the snapshot. */
  usedAt: number;
  readonly #readers = new Set<Reader>();
  readonly #texts: Iterator<string, undefined>;
  readonly #chunks: Buffer[] = [];

  private constructor(texts: Iterator<string, undefined>, bytes: number, takenAt: number) {
    this.#texts = texts;
    this.bytes = bytes;
    this.takenAt = takenAt;
    this.usedAt = takenAt;
  }

  static of<T>({ items, write, bytes, takenAt }: SnapshotSource<T>): Snapshot {
    return new Snapshot(textsOf(items, write), bytes, takenAt);
  }

  /** Whether a reader is in the middle of the list. */
  get isRead(): boolean {
    return this.#readers.size > 0;
  }

  /** Cuts off each reader in the middle of the list. */
  cutReaders(): void {
    for (const { cut } of [...this.#readers]) cut();
  }

  /** The chunks. `cut` is called when the reader is too slow while others wait for room; it must end the reading. */
  *read(cut: () => void): Generator<Buffer, undefined> {
    const reader: Reader = { cut };
    this.#readers.add(reader);
    try {
      for (let index = 0; ; index += 1) {
        const chunk = this.#chunks[index] ?? this.#writeNext();
        if (chunk === undefined) return;
        yield chunk;
      }
    } finally {
      this.#readers.delete(reader);
      reader.cut = gone;
    }
  }

  /** All chunks of the snapshot at once: for a short list. */
  whole(): readonly Buffer[] {
    while (this.#writeNext() !== undefined);
    return this.#chunks;
  }

  #writeNext(): Buffer | undefined {
    const texts: string[] = [];
    let length = 0;
    while (length < chunkBytes) {
      const { value: text } = this.#texts.next();
      if (text === undefined) break;
      texts.push(text);
      length += text.length;
    }
    if (texts.length === 0) return undefined;
    const chunk = Buffer.from(`${this.#chunks.length === 0 ? '' : ','}${texts.join()}`);
    this.#chunks.push(chunk);
    return chunk;
  }
}

const gone = (): void => {};

function* textsOf<T>(items: readonly T[], write: (item: T) => string): Generator<string, undefined> {
  for (const item of items) yield write(item);
}

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

/** A list as JSON, without its brackets, in chunks. A chunk is written when the first reader comes to it, once for all readers. */
export class Snapshot {
  /** Rough size. */
  readonly bytes: number;
  readonly takenAt: number;
  /** When a reader last asked for the snapshot. */
  usedAt: number;
  /** Functions that end the readers in the middle of the snapshot. */
  readonly readers: Set<() => void> = new Set();
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

  /** The chunks. `cut` is called when the reader is too slow while others wait for room; it must end the reading. */
  *read(cut: () => void): Generator<Buffer, undefined> {
    this.readers.add(cut);
    try {
      for (let index = 0; ; index += 1) {
        const chunk = this.#chunks[index] ?? this.#writeNext();
        if (chunk === undefined) return;
        yield chunk;
      }
    } finally {
      this.readers.delete(cut);
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

function* textsOf<T>(items: readonly T[], write: (item: T) => string): Generator<string, undefined> {
  for (const item of items) yield write(item);
}

const lineEnd = Buffer.from('\r\n');

/** Bytes that many watches send, and their HTTP/1.1 chunk. Both are made once for all these watches. */
export class SharedBytes {
  readonly bytes: Buffer;
  /** The bytes as one HTTP/1.1 chunk. Shares its memory with `bytes`. */
  readonly chunk: Buffer;

  constructor(parts: readonly Buffer[]) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const size = Buffer.from(`${length.toString(16)}\r\n`);
    this.chunk = Buffer.concat([size, ...parts, lineEnd]);
    this.bytes = this.chunk.subarray(size.length, size.length + length);
  }

  get length(): number {
    return this.bytes.length;
  }
}

const lineEnd = Buffer.from('\r\n');

/** Bytes that many watches send, with the frame that HTTP/1.1 puts around them: made once for all of them. */
export class SharedBytes {
  readonly bytes: Buffer;
  /** The same as one chunk of HTTP/1.1, in the same memory. */
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

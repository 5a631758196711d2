/** Pure: a request in the plainest form of HTTP/1.1, and what such requests have in common. */
import type { IncomingMessage } from 'node:http';

/** The parts of a request, read from its bytes. */
export interface WrittenRequest {
  readonly method: string;
  readonly target: string;
  /** The bytes from behind the target to the end of the head. */
  readonly rest: string;
  /** The headers as they were written: name, value, name, value. */
  readonly headers: readonly string[];
  readonly bodyLength: number;
}

/** A head longer than this is not remembered, since each connection may hold several. Bytes. */
const maxHeadBytes = 1_024;
const headEnd = '\r\n\r\n';
const firstLine = /^([A-Z]{3,7}) (\/[\x21-\x7e]*) HTTP\/1\.1$/;
/** One space behind the colon and none at the end. The parser decides about text that could be read in two ways. */
const headerLine = /^([A-Za-z-]{1,40}): ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/;
const length = /^(?:0|[1-9]\d{0,5})$/;

/** Headers that neither frame a request nor change its answer, except those that {@link isPlain} checks. */
const knownHeaders = new Set([
  ...['host', 'connection', 'content-type', 'content-length', 'authorization', 'lease-secret'],
  ...['accept', 'accept-encoding', 'accept-language', 'user-agent', 'sec-fetch-mode'],
]);

/** The request of a chunk; undefined: the chunk is not exactly one whole request, or it is written in an unusual way. */
export function readWritten(chunk: Buffer): WrittenRequest | undefined {
  const text = chunk.toString('latin1', 0, Math.min(chunk.length, maxHeadBytes));
  const end = text.indexOf(headEnd);
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [, method, target] = firstLine.exec(first) ?? [];
  if (method === undefined || target === undefined) return undefined;
  const headers: string[] = [];
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    headers.push(name, value);
  }
  const bodyLength = plainLength(headers);
  if (bodyLength === undefined || chunk.length !== end + headEnd.length + bodyLength) return undefined;
  const rest = text.slice(method.length + 1 + target.length, end + headEnd.length);
  return { method, target, rest, headers, bodyLength };
}

/** The length of the body. Undefined: a header is not known to be harmless, or occurs twice. */
function plainLength(headers: readonly string[]): number | undefined {
  const seen = new Map<string, string>();
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]?.toLowerCase() ?? '';
    if (!knownHeaders.has(name) || seen.has(name)) return undefined;
    seen.set(name, headers[index + 1] ?? '');
  }
  if ((seen.get('connection') ?? 'keep-alive').toLowerCase() !== 'keep-alive' || !seen.has('host')) return undefined;
  const bodyLength = seen.get('content-length') ?? '0';
  return length.test(bodyLength) ? Number(bodyLength) : undefined;
}

/**
 * Whether the HTTP parser read the request exactly as {@link readWritten} did, to its end. Then the parser is between
 * two requests.
 */
export function isReadAlike({ method, target, headers }: WrittenRequest, request: IncomingMessage): boolean {
  const { rawHeaders } = request;
  return (
    request.complete &&
    request.httpVersion === '1.1' &&
    request.method === method &&
    request.url === target &&
    rawHeaders.length === headers.length &&
    headers.every((text, index) => rawHeaders[index] === text)
  );
}

/** The beginning and the end of requests that repeat one, around the varying part of the target. */
export class RepeatedHead {
  readonly #before: string;
  readonly #after: string;
  readonly #bodyLength: number;
  readonly #varies: RegExp;

  /** `fixed`: the part of the target that must not differ. */
  constructor({ method, rest, bodyLength }: WrittenRequest, fixed: string, varies: RegExp) {
    this.#before = `${method} ${fixed}`;
    this.#after = rest;
    this.#bodyLength = bodyLength;
    this.#varies = varies;
  }

  /** The start of the body in a chunk that repeats the request. */
  bodyFrom(chunk: Buffer): number {
    return chunk.length - this.#bodyLength;
  }

  /** The varying part. Null: the chunk does not repeat the request, or is not exactly one request. */
  match(chunk: Buffer): RegExpExecArray | null {
    const fromVarying = this.#before.length;
    const from = chunk.length - this.#bodyLength - this.#after.length;
    if (from < fromVarying) return null;
    const head = chunk.toString('latin1', 0, chunk.length - this.#bodyLength);
    if (!head.startsWith(this.#before) || !head.endsWith(this.#after)) return null;
    return this.#varies.exec(head.slice(fromVarying, from));
  }
}

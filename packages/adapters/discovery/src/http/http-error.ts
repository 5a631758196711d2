/** An answer outside our protocol, or an answer whose status says that the request failed. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /** The HTTP status; undefined when the answer was not understood at all. */
  readonly status: number | undefined;
  /** How long the server asks clients to wait before they try again. Milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status?: number, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A connection that could not be made, or that ended before its answer was whole. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** `host:port` of the server. */
  readonly address: string;
  /** Whether the connection was to use TLS. */
  readonly secure: boolean;

  constructor(address: string, secure: boolean, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.address = address;
    this.secure = secure;
  }

  /** The code of the socket's error, `''` without one. */
  get code(): string {
    return this.cause instanceof Error && 'code' in this.cause ? String(this.cause.code) : '';
  }
}

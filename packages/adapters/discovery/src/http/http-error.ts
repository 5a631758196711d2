/** An answer that is no answer of our protocol, or one whose status says that the request failed. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /** The HTTP status; undefined when the answer was not understood at all. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** What every answer is wrapped in. */
export interface Envelope<T> {
  /** 0: success; otherwise the HTTP status. */
  readonly code: number;
  /** What went wrong, naming the field; `ok` on success. */
  readonly message: string;
  /** The answer itself; `null` where there is nothing to say. */
  readonly data: T;
  /** Name of this history of the roll. A revision means something within one epoch only. */
  readonly epoch: string;
  /** The number of changes of the roll so far. */
  readonly revision: number;
  /** The server started with an empty roll: a missing service may still register again. */
  readonly warming?: true;
  /** The roll outlives a crash of the server. */
  readonly durable?: true;
}

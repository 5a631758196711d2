/** What every answer is wrapped in. */
export interface Envelope<T> {
  /** 0: done; else the HTTP status. */
  readonly code: number;
  readonly message: string;
  readonly data: T;
  readonly epoch: string;
  readonly revision: number;
  readonly warming?: true;
  /** What is registered outlives a crash of the server. */
  readonly durable?: true;
}

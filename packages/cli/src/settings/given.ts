/** A given value and its source. */
export interface Given {
  readonly value: unknown;
  /** `--port`, `ROLLCALL_SERVER_PORT`, `rollcall.yaml:3`, or `default`. */
  readonly source: string;
}

/** A problem in the given settings. */
export interface Problem {
  /** The name of the setting; absent: the problem belongs to no setting. */
  readonly name?: string;
  readonly source: string;
  readonly message: string;
}

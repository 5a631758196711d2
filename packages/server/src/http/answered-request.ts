/** A request that has been answered, as logs and metrics see it. */
export interface AnsweredRequest {
  readonly method: string;
  /** The pattern of the route; undefined: the path is of none. */
  readonly route: string | undefined;
  readonly status: number;
  /** From its head to the end of its answer. Milliseconds. */
  readonly ms: number;
  /** The address of its sender, which few ask for. */
  readonly from: () => string;
}

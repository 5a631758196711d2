/** A request that has been answered, as logs and metrics see it. */
export interface AnsweredRequest {
  readonly method: string;
  /** The pattern of the route; undefined: the path has no route. */
  readonly route: string | undefined;
  readonly status: number;
  /** Time from its head to the end of its answer. Milliseconds. */
  readonly ms: number;
  /** The address of its sender, worked out on demand, since few need it. */
  readonly from: () => string;
}

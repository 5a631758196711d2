/** A request that has been answered, as logs and metrics see it. */
export interface AnsweredRequest {
  readonly method: string;
  /** The pattern of the route; undefined: the path has no route. */
  readonly route: string | undefined;
  readonly status: number;
  /** Time from the head of the request to the end of its answer. Milliseconds. */
  readonly ms: number;
  /** The address of the sender, worked out on demand, since few readers need it. */
  readonly from: () => string;
}

import type { Instance } from './instance.ts';

/** Instances, both up and out. */
export interface InstancesAnswer {
  /** The instances, in the order of their first registration. */
  readonly instances: readonly Instance[];
}

/**
 * Data of `GET /api/fetch` with `at`: the roll as it was then. Past renewal times are not kept, so they are `at` at the
 * latest.
 */
export interface PastInstancesAnswer extends InstancesAnswer {
  /** Milliseconds since the epoch by the server's clock. */
  readonly at: number;
  /** The last revision at that time. */
  readonly revision: number;
}

/** Service names with their versions. */
export interface ServicesAnswer {
  /** Services with an instance that is up, and the versions of those instances. */
  readonly services: readonly { readonly appid: string; readonly versions: readonly string[] }[];
}

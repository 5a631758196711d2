import type { Instance } from './instance.ts';

/** Instances, both up and out. */
export interface InstancesAnswer {
  /** In the order of their first registration. */
  readonly instances: readonly Instance[];
}

/** Service names with their versions. */
export interface ServicesAnswer {
  /** Services with an instance that is up, and the versions of those. */
  readonly services: readonly { readonly appid: string; readonly versions: readonly string[] }[];
}

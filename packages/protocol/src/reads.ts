import type { Instance } from './instance.ts';

/** Instances, both up and out. */
export interface InstancesAnswer {
  readonly instances: readonly Instance[];
}

/** Service names with their versions. */
export interface ServicesAnswer {
  readonly services: readonly { readonly appid: string; readonly versions: readonly string[] }[];
}

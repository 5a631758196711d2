import type { CallOptions, Registry } from '@rollcall/core';
import { service } from './samples.ts';

/** One call of a registry, for the traits that apply to every call. */
export interface Operation {
  readonly name: string;
  run(registry: Registry, service: string, options?: CallOptions): Promise<unknown>;
}

/** Every call that returns a promise and takes call options. */
export const operations: readonly Operation[] = [
  { name: 'init', run: (registry, _, options) => registry.init(options) },
  { name: 'register', run: (registry, name, options) => registry.register(service(name), options) },
  { name: 'deregister', run: (registry, name, options) => registry.deregister(service(name), options) },
  { name: 'getService', run: (registry, name, options) => registry.getService(name, options) },
  { name: 'listServices', run: (registry, _, options) => registry.listServices(options) },
];

/** The calls that ask the backend each time; `init` of a connected registry does not. */
export const askingOperations: readonly Operation[] = operations.filter(({ name }) => name !== 'init');

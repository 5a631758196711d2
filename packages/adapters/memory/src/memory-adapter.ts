import type { AdapterDescriptor } from '@rollcall/core/adapter';
import { memoryCapabilities } from './memory-options.ts';
import { memory } from './memory-registry.ts';

/** This adapter as data, for other packages. */
export const adapter: AdapterDescriptor = Object.freeze({
  name: 'memory',
  // A flag names the roll that the whole process shares, not one that is private to the object.
  create: (options) => memory({ ...options, namespace: options.namespace ?? 'default' }),
  capabilities: memoryCapabilities,
  addresses: { kind: 'none' },
  loopbackIsLocal: true,
  environment: [],
} satisfies AdapterDescriptor);

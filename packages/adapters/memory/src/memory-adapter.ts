import type { AdapterDescriptor } from '@rollcall/core/adapter';
import { memoryCapabilities } from './memory-options.ts';
import { memory } from './memory-registry.ts';

/** What other packages know of this adapter. */
export const adapter: AdapterDescriptor = Object.freeze({
  name: 'memory',
  // A roll that is named by flag is the one of this process, not one that is private to the object.
  create: (options) => memory({ ...options, namespace: options.namespace ?? 'default' }),
  capabilities: memoryCapabilities,
  addresses: { kind: 'none' },
  loopbackIsLocal: true,
  environment: [],
} satisfies AdapterDescriptor);

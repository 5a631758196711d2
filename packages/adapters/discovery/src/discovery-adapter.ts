import type { AdapterDescriptor } from '@rollcall/core/adapter';
import { discoveryAdmin } from './admin.ts';
import { defaultAddress, discoveryCapabilities, startHint } from './discovery-options.ts';
import { discovery } from './discovery-registry.ts';
import { diagnose } from './doctor.ts';

/** This adapter as data, for other packages. */
export const adapter: AdapterDescriptor = Object.freeze({
  name: 'discovery',
  create: discovery,
  capabilities: discoveryCapabilities(false),
  addresses: { kind: 'endpoint', defaults: [defaultAddress] },
  loopbackIsLocal: true,
  environment: [],
  tlsFiles: true,
  startHint,
  diagnose,
  admin: discoveryAdmin,
} satisfies AdapterDescriptor);

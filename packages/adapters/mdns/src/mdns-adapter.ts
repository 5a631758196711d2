import type { AdapterDescriptor } from '@rollcall/core/adapter';
import { diagnose } from './doctor.ts';
import { mdnsCapabilities } from './mdns-options.ts';
import { mdns } from './mdns-registry.ts';

/** This adapter as data, for other packages. */
export const adapter: AdapterDescriptor = Object.freeze({
  name: 'mdns',
  create: mdns,
  capabilities: mdnsCapabilities,
  addresses: { kind: 'interface' },
  loopbackIsLocal: false,
  environment: [],
  diagnose,
} satisfies AdapterDescriptor);

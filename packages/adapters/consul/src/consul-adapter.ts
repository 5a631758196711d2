import type { AdapterDescriptor } from '@rollcall/core/adapter';
import { consulCapabilities, defaultAddress } from './consul-options.ts';
import { consul } from './consul-registry.ts';

/** What everybody else knows of this adapter. */
export const adapter: AdapterDescriptor = Object.freeze({
  name: 'consul',
  create: consul,
  capabilities: consulCapabilities(false),
  addresses: { kind: 'endpoint', defaults: [defaultAddress] },
  loopbackIsLocal: false,
  environment: ['CONSUL_HTTP_ADDR', 'CONSUL_HTTP_TOKEN', 'CONSUL_CACERT', 'CONSUL_CLIENT_CERT', 'CONSUL_CLIENT_KEY'],
  startHint: 'start one with `consul agent -dev`',
} satisfies AdapterDescriptor);

import type { AdapterDescriptor } from '@rollcall/core/adapter';
import { defaultAddress, etcdCapabilities } from './etcd-options.ts';
import { etcd } from './etcd-registry.ts';

/** What everybody else knows of this adapter. */
export const adapter: AdapterDescriptor = Object.freeze({
  name: 'etcd',
  create: etcd,
  capabilities: etcdCapabilities,
  addresses: { kind: 'endpoint', defaults: [defaultAddress] },
  loopbackIsLocal: false,
  environment: ['ETCDCTL_ENDPOINTS', 'ETCDCTL_CACERT', 'ETCDCTL_CERT', 'ETCDCTL_KEY'],
  startHint: 'start one with `etcd`',
} satisfies AdapterDescriptor);

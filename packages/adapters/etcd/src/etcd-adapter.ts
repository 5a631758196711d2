import type { RegistryError } from '@rollcall/core';
import { type AdapterDescriptor, diagnoseByReading, systemClock } from '@rollcall/core/adapter';
import { defaultAddress, environment, etcdCapabilities } from './etcd-options.ts';
import { etcd } from './etcd-registry.ts';

const startHint = 'start one with `etcd`';

function remedy({ code }: RegistryError): string | undefined {
  if (code === 'UNAVAILABLE' || code === 'TIMEOUT')
    return `is etcd running there? name it with --registry-address or ETCDCTL_ENDPOINTS, or ${startHint}`;
  return code === 'UNAUTHORIZED' ? 'see docs/etcd.md, Security: the least role that a service needs' : undefined;
}

/** This adapter as data, for service, command line and gates. */
export const adapter: AdapterDescriptor = Object.freeze({
  name: 'etcd',
  create: etcd,
  capabilities: etcdCapabilities,
  addresses: { kind: 'endpoint', defaults: [defaultAddress] },
  loopbackIsLocal: false,
  environment,
  startHint,
  diagnose: (options, call) =>
    diagnoseByReading({ registry: etcd(options), clock: options.clock ?? systemClock, remedy }, call),
} satisfies AdapterDescriptor);

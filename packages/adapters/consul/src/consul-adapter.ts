import type { RegistryError } from '@rollcall/core';
import { type AdapterDescriptor, diagnoseByReading, systemClock } from '@rollcall/core/adapter';
import { consulCapabilities, defaultAddress, environment } from './consul-options.ts';
import { consul } from './consul-registry.ts';

const startHint = 'start one with `consul agent -dev`';

function remedy({ code }: RegistryError): string | undefined {
  if (code === 'UNAVAILABLE' || code === 'TIMEOUT')
    return `is a Consul agent running there? name it with --registry-address or CONSUL_HTTP_ADDR, or ${startHint}`;
  return code === 'UNAUTHORIZED' ? 'see docs/consul.md, Security: the least policy that a service needs' : undefined;
}

/** This adapter as data, for service, command line and gates. */
export const adapter: AdapterDescriptor = Object.freeze({
  name: 'consul',
  create: consul,
  capabilities: consulCapabilities(false),
  addresses: { kind: 'endpoint', defaults: [defaultAddress] },
  loopbackIsLocal: false,
  environment,
  startHint,
  diagnose: (options, call) =>
    diagnoseByReading({ registry: consul(options), clock: options.clock ?? systemClock, remedy }, call),
} satisfies AdapterDescriptor);

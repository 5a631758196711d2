import { networkInterfaces } from 'node:os';
import { type Clock, limits, type Registry } from '@rollcall/core';
import { readSetting, type SettingSources } from '../registries/settings.ts';
import { type Advertised, chooseAddress, isLoopback, isWildcard } from './choose-address.ts';
import type { Interfaces } from './interfaces.ts';
import { defaultRoute, routeTo } from './route.ts';
import { boundAddress, type ServerLike } from './server-like.ts';

/** What the address is worked out from. */
export interface AddressQuestion {
  readonly advertise: string | undefined;
  readonly server: ServerLike | undefined;
  readonly registry: Pick<Registry, 'capabilities' | 'endpoints'>;
  /** `loopbackIsLocal` of the registry's adapter; false where the adapter is not known. */
  readonly loopbackIsLocal: boolean;
  readonly sources: SettingSources;
  readonly clock: Clock;
  /** The address advertised so far. It stays while the route cannot be determined. */
  readonly previous?: Advertised | undefined;
  /** Ends the wait for the server to listen. */
  readonly signal: AbortSignal;
  /** Called when the server has not listened for long. */
  readonly onSlow?: (() => void) | undefined;
}

/**
 * The address that other programs should use, from the present server, settings and network.
 *
 * @throws RegistryError `INVALID_ARGUMENT` when other programs could not use any, `ABORTED` by `signal`.
 */
export async function findAddress(question: AddressQuestion): Promise<Advertised> {
  const { advertise, server, registry, loopbackIsLocal, sources, clock, previous } = question;
  const wanted =
    advertise === undefined ? readSetting('advertise', sources) : { value: advertise, source: 'advertise' };
  const bound = server === undefined ? undefined : await boundAddress(server, question);
  const { crossHost } = registry.capabilities;
  const backendHost = crossHost ? backendHostOf(registry.endpoints) : undefined;
  const facts = { wanted, bound, crossHost, backendHost, loopbackIsLocal, interfaces: currentInterfaces() };
  const asksRoute = wanted === undefined && backendHost !== undefined && bound !== undefined && isWildcard(bound.host);
  if (!asksRoute) return chooseAddress(facts);
  const family = bound.host === '0.0.0.0' ? 'IPv4' : 'any';
  const routeHost = isLoopback(backendHost) ? await defaultRoute(clock, family) : await routeTo(backendHost, clock);
  // A name server that is down for a moment must not move the service to another address.
  if (previous !== undefined && routeHost === undefined && !isLoopback(backendHost)) return previous;
  return chooseAddress({ ...facts, routeHost });
}

/** A backend on another machine decides, if there is one, since other machines read from it. */
function backendHostOf(endpoints: Registry['endpoints']): string | undefined {
  if (endpoints === undefined) return undefined;
  const hosts = endpoints.map((endpoint) => limits.splitAddress(endpoint).host);
  // An endpoint without a host is a Unix socket, so it is on this machine, like a local agent.
  return hosts.find((host) => !isLoopback(host)) ?? hosts[0] ?? 'localhost';
}

/** Some systems (sandboxes, Android) forbid listing interfaces; then there is nothing to choose from. */
function currentInterfaces(): Interfaces {
  try {
    return networkInterfaces();
  } catch {
    return {};
  }
}

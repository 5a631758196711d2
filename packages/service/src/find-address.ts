import { networkInterfaces } from 'node:os';
import type { Registry } from '@rollcall/core';
import { type Advertised, chooseAddress } from './advertise.ts';
import { readSetting, type SettingSources, type Sourced } from './registries/settings.ts';
import { routeTo } from './route.ts';
import { boundAddress, type ServerLike } from './server-like.ts';

/** What an address is worked out from. */
export interface AddressQuestion {
  readonly advertise: string | undefined;
  readonly server: ServerLike | undefined;
  readonly registry: Registry;
  /** Flags and environment speak of this registry; false for one that code passed in. */
  readonly registryFromSettings: boolean;
  readonly sources: SettingSources;
  /** What was advertised so far, kept while the route cannot be told. */
  readonly previous?: Advertised | undefined;
  /** Ends the wait for the server to listen. */
  readonly signal: AbortSignal;
}

/**
 * The address that others should use, from what the server, the settings and the network are now.
 *
 * @throws RegistryError `INVALID_ARGUMENT` when others could not use any, `ABORTED` by `signal`.
 */
export async function findAddress(question: AddressQuestion): Promise<Advertised> {
  const { advertise, server, registry, sources, previous, signal } = question;
  const wanted: Sourced | undefined =
    advertise === undefined ? readSetting('advertise', sources) : { value: advertise, source: 'advertise' };
  const bound = server === undefined ? undefined : await boundAddress(server, signal);
  const { crossHost } = registry.capabilities;
  const backendHost = crossHost ? backendOf(question) : undefined;
  const routeHost = backendHost === undefined || wanted !== undefined ? undefined : await routeTo(backendHost);
  // A name server that is away for a moment must not move the service.
  if (previous !== undefined && wanted === undefined && backendHost !== undefined && routeHost === undefined)
    return previous;
  return chooseAddress({ wanted, bound, backendHost, routeHost, crossHost, interfaces: networkInterfaces() });
}

/**
 * The host of the first address that was given, or the one that our own adapters use without any. mDNS has no host: its
 * addresses are interfaces, of which only loopback says something.
 */
function backendOf({ registry, registryFromSettings, sources }: AddressQuestion): string | undefined {
  // Code knows where it is; guessing this machine would send everybody else to themselves.
  if (!registryFromSettings) return undefined;
  const given = readSetting('registryAddress', sources)?.value.split(',')[0]?.trim();
  if (registry.name === 'mdns') return isLoopbackInterface(given) ? '127.0.0.1' : undefined;
  if (given === undefined || given === '') return '127.0.0.1';
  const text = /^https?:\/\//.test(given) ? given : `http://${given}`;
  return URL.canParse(text) ? new URL(text).hostname.replace(/^\[|\]$/g, '') : undefined;
}

const isLoopbackInterface = (given: string | undefined): boolean =>
  Object.entries(networkInterfaces()).some(
    ([name, infos = []]) =>
      infos.some(({ internal }) => internal) && (name === given || infos.some(({ address }) => address === given)),
  );

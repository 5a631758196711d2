/** Pure: which address other programs should use. The rule is stated in docs/service.md. */
import { isIP } from 'node:net';
import { limits, RegistryError } from '@rollcall/core';
import { bestInterface, type Interfaces, isLinkLocal } from './interfaces.ts';

/** What is known when the address is chosen. */
export interface AddressFacts {
  /** The advertise setting (host or host:port), and the flag, variable or option that holds it. */
  readonly wanted?: { readonly value: string; readonly source: string } | undefined;
  /** The address that the server is bound to. */
  readonly bound?: { readonly host: string; readonly port: number } | undefined;
  /** Whether other machines see the registry. */
  readonly crossHost: boolean;
  /** The host by which the backend is reached, if known. */
  readonly backendHost?: string | undefined;
  /** True: a backend on loopback belongs to this machine alone. False: it may be the local agent of a cluster. */
  readonly loopbackIsLocal: boolean;
  /** The local address of the route to the backend, or of the default route where the backend is a local agent. */
  readonly routeHost?: string | undefined;
  readonly interfaces: Interfaces;
}

/** `host:port`, and the reason for the choice. */
export interface Advertised {
  readonly address: string;
  readonly why: string;
  /** What is probably wrong with the choice. */
  readonly warning?: string | undefined;
}

const wildcards = new Set(['', '0.0.0.0', '::']);

/** Whether only this machine reaches the host. */
export const isLoopback = (host: string): boolean =>
  // Names below localhost belong to this machine (RFC 6761). A URL writes ::ffff:127.0.0.1 as ::ffff:7f00:1.
  /^(?:127\..*|::1|(?:.*\.)?localhost\.?|::ffff:(?:127\..*|7f[0-9a-f]{2}:.*))$/i.test(host);

/** Whether a server that is bound to the host is reached by every address of its machine. */
export const isWildcard = (host: string): boolean => wildcards.has(host);

const join = (host: string, port: number): string => (isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`);

/** Throws `INVALID_ARGUMENT` when other programs could not use any address. */
export function chooseAddress(facts: AddressFacts): Advertised {
  const { wanted, bound } = facts;
  if (wanted !== undefined) return fromWanted(wanted, bound?.port);
  if (bound === undefined)
    throw new RegistryError(
      'INVALID_ARGUMENT',
      'the service has no server, so advertise must be given as host:port, such as 10.0.0.7:8080',
    );
  if (isWildcard(bound.host)) return anyHost(facts, bound);
  const why = 'the bound address';
  if (!isLoopback(bound.host) || !facts.crossHost) return { address: join(bound.host, bound.port), why };
  return { address: join(bound.host, bound.port), why, warning: checkLoopback(facts, bound.host) };
}

/** Checks a server on loopback whose registry other machines see: refused where that must be wrong, otherwise a warning. */
function checkLoopback({ backendHost, loopbackIsLocal }: AddressFacts, host: string): string | undefined {
  const remedy = 'bind 0.0.0.0, or give with advertise the address that other programs should use';
  if (backendHost !== undefined && !isLoopback(backendHost)) {
    const message = `the server listens on ${host}, which only this machine reaches, but the registry is at ${backendHost}: ${remedy}`;
    throw new RegistryError('INVALID_ARGUMENT', message);
  }
  if (backendHost !== undefined && loopbackIsLocal) return undefined;
  return `the server listens on ${host}, which only this machine reaches, but other machines may see the registry: ${remedy}`;
}

function fromWanted(
  { value, source }: { readonly value: string; readonly source: string },
  serverPort: number | undefined,
): Advertised {
  const [, ipv6, name, givenPort] = /^(?:\[([^\]]+)\]|([^:/?#\s]+))(?::(\d+))?$/.exec(value) ?? [];
  const host = isIP(value) === 6 ? value : (ipv6 ?? name);
  const port = givenPort === undefined ? serverPort : Number(givenPort);
  const address =
    host === undefined || port === undefined ? '' : ipv6 === undefined ? join(host, port) : `[${ipv6}]:${port}`;
  // A zone names an interface of this machine, and a wildcard names no machine.
  if (limits.isAddress(address) && !address.includes('%') && !isWildcard(host ?? '')) return { address, why: source };
  const rule = serverPort === undefined ? 'host:port, because the service has no server' : 'host or host:port';
  const message = `${source}: ${JSON.stringify(value)} must be ${rule}, not a URL; an IPv6 address with a port is in brackets`;
  throw new RegistryError('INVALID_ARGUMENT', message);
}

function anyHost(facts: AddressFacts, { host, port }: { readonly host: string; readonly port: number }): Advertised {
  const { crossHost, backendHost, loopbackIsLocal, routeHost, interfaces } = facts;
  if (!crossHost) return { address: join('127.0.0.1', port), why: 'only this machine sees the registry' };
  const backendIsLoopback = backendHost !== undefined && isLoopback(backendHost);
  if (backendIsLoopback && loopbackIsLocal)
    return { address: join('127.0.0.1', port), why: 'the registry is on this machine' };
  // A server bound to 0.0.0.0 does not listen at the IPv6 address from which the backend is reached.
  const isHeard = host !== '0.0.0.0' || isIP(routeHost ?? '') === 4;
  if (routeHost !== undefined && isHeard && !isLinkLocal(routeHost) && !isLoopback(routeHost)) {
    const why = backendIsLoopback
      ? 'the default route, because the registry on loopback may be the agent of a cluster'
      : 'the route to the registry';
    return { address: join(routeHost, port), why };
  }
  const best = bestInterface(interfaces, host === '0.0.0.0' ? 'IPv4' : 'any');
  if (best !== undefined) return { address: join(best.address, port), why: `interface ${best.name}` };
  const why = 'this machine has no address that other machines could reach';
  return {
    address: join('127.0.0.1', port),
    why,
    warning: `advertising 127.0.0.1, because ${why}; if it has one, give it with advertise`,
  };
}

/** Pure: which address others should use. */
import { isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { RegistryError } from '@rollcall/core';

/** What is known when the address is chosen. */
export interface AdvertiseInput {
  /** Host or host:port, and where it came from. */
  readonly wanted?: { readonly value: string; readonly source: string } | undefined;
  /** What the server is bound to. */
  readonly bound?: { readonly host: string; readonly port: number } | undefined;
  /** Host by which the backend is reached, where known. */
  readonly backendHost?: string | undefined;
  /** Local address of the route to it, where known. */
  readonly routeHost?: string | undefined;
  /** Whether other machines see the registry. */
  readonly crossHost: boolean;
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
}

/** `host:port`, and why. */
export interface Advertised {
  readonly address: string;
  readonly why: string;
}

const virtual = /^(?:docker\d|br-|veth)/;
const wildcards = new Set(['', '0.0.0.0', '::']);
const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
const join = (host: string, port: number): string => (isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`);

/** Throws `INVALID_ARGUMENT` when no address can be worked out that others could use. */
export function chooseAddress(input: AdvertiseInput): Advertised {
  const { wanted, bound } = input;
  if (wanted !== undefined) return fromWanted(wanted, bound?.port);
  if (bound === undefined)
    throw new RegistryError('INVALID_ARGUMENT', 'advertise: without a server it must be host:port');
  if (wildcards.has(bound.host)) return anyHost(input, bound.port);
  if (isLoopback(bound.host) && input.crossHost && input.backendHost !== undefined && !isLoopback(input.backendHost)) {
    const message = `the server listens on ${bound.host}, which only this machine reaches, but the registry is at ${input.backendHost}: bind 0.0.0.0, or say what others should use with advertise`;
    throw new RegistryError('INVALID_ARGUMENT', message);
  }
  return { address: join(bound.host, bound.port), why: 'the bound address' };
}

function fromWanted(
  { value, source }: { readonly value: string; readonly source: string },
  port: number | undefined,
): Advertised {
  const [, ipv6, host = ipv6, given] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(value) ?? [];
  const bare = isIP(value) === 6 ? value : host;
  const number = given === undefined ? port : Number(given);
  if (bare === undefined || number === undefined || number < 1 || number > 65_535) {
    throw new RegistryError(
      'INVALID_ARGUMENT',
      `${source}: ${JSON.stringify(value)} must be host or host:port${port === undefined ? ' (host:port, as there is no server)' : ''}`,
    );
  }
  return { address: join(bare, number), why: source };
}

function anyHost({ backendHost, routeHost, crossHost, interfaces }: AdvertiseInput, port: number): Advertised {
  if (!crossHost) return { address: join('127.0.0.1', port), why: 'the registry is inside this machine' };
  if (backendHost !== undefined && isLoopback(backendHost))
    return { address: join('127.0.0.1', port), why: 'the registry is on this machine' };
  if (routeHost !== undefined) return { address: join(routeHost, port), why: 'the route to the registry' };
  const candidates = Object.entries(interfaces).flatMap(([name, infos = []]) =>
    infos.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => ({ name, address })),
  );
  // Bridges of containers only lose against another candidate.
  const best = candidates.find(({ name }) => !virtual.test(name)) ?? candidates[0];
  if (best === undefined) return { address: join('127.0.0.1', port), why: 'this machine has no other address' };
  return { address: join(best.address, port), why: `interface ${best.name}` };
}

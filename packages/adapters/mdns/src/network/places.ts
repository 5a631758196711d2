/** Pure: the interfaces on which mDNS can speak, worked out from the system's list. */
import { BlockList, isIP } from 'node:net';
import { type NetworkInterfaceInfo, platform } from 'node:os';
import type { Interfaces } from './interfaces.ts';

/** One family of one interface. */
export interface Place {
  /** Interface and family, such as `eth0/4`. */
  readonly key: string;
  readonly interface: string;
  readonly family: 4 | 6;
  /** The interface's first address; IPv6 without a scope. */
  readonly address: string;
  readonly loopback: boolean;
  /** The address by which a socket option names the interface: for IPv6 with its scope. */
  readonly scope: string;
  /** A text that changes when any property of the place changes. */
  readonly fingerprint: string;
  /** Whether a sender is on the link of the place (RFC 6762, 11). */
  accepts(address: string): boolean;
  /** Whether an address, of either family, is in a subnet of the interface. */
  holds(address: string): boolean;
}

function subnetsOf(infos: readonly NetworkInterfaceInfo[]): BlockList {
  const subnets = new BlockList();
  for (const { cidr, address, family } of infos) {
    const prefix = Number(cidr?.split('/')[1] ?? (family === 'IPv4' ? 32 : 128));
    subnets.addSubnet(address, prefix, family === 'IPv4' ? 'ipv4' : 'ipv6');
  }
  return subnets;
}

function placeOf(name: string, family: 4 | 6, infos: readonly NetworkInterfaceInfo[]): Place | undefined {
  const own = infos.filter((info) => info.family === `IPv${family}`);
  // On a link IPv6 speaks from its link-local address.
  const first = own.find(({ address }) => address.startsWith('fe80:')) ?? own[0];
  if (first === undefined) return undefined;
  const subnets = subnetsOf(own);
  const all = subnetsOf(infos);
  return {
    key: `${name}/${family}`,
    interface: name,
    family,
    address: first.address,
    loopback: first.internal,
    scope: family === 4 ? first.address : `::%${platform() === 'win32' ? first.scopeid : name}`,
    fingerprint: own.map(({ cidr, address, mac, scopeid }) => `${cidr ?? address} ${mac} ${scopeid ?? ''}`).join(),
    accepts(sender) {
      const [bare = '', zone] = sender.split('%');
      if (isIP(bare) !== family) return false;
      if (zone !== undefined && zone !== name && zone !== String(first.scopeid)) return false;
      return subnets.check(bare, family === 4 ? 'ipv4' : 'ipv6');
    },
    holds(address) {
      const kind = isIP(address);
      return kind !== 0 && all.check(address, kind === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** Loopback carries no multicast of IPv6 on Linux; IPv4 is enough for one machine. */
function onLoopback(places: readonly Place[]): Place[] {
  const own = places.filter(({ loopback }) => loopback);
  const ipv4 = own.filter(({ family }) => family === 4);
  return ipv4.length > 0 ? ipv4 : own;
}

/**
 * The interfaces to speak on: those that were asked for, by name or address. By default these are all, with loopback
 * only while there is no other. A point-to-point link (a VPN) is treated like any other: whether it carries multicast
 * shows only in use.
 */
export function placesOf(interfaces: Interfaces, wanted?: readonly string[]): Place[] {
  const all = Object.entries(interfaces).flatMap(([name, infos = []]) =>
    ([4, 6] as const).flatMap((family) => placeOf(name, family, infos) ?? []),
  );
  if (wanted !== undefined) {
    const names = new Set(wanted);
    const named = Object.entries(interfaces).filter(
      ([name, infos = []]) => names.has(name) || infos.some(({ address }) => names.has(address)),
    );
    const chosen = all.filter((place) => named.some(([name]) => name === place.interface));
    return [...chosen.filter(({ loopback }) => !loopback), ...onLoopback(chosen)];
  }
  const others = all.filter(({ loopback }) => !loopback);
  return others.length > 0 ? others : onLoopback(all);
}

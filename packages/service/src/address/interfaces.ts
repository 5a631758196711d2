/** Pure: which interface of a machine other machines most likely reach. */
import type { NetworkInterfaceInfo } from 'node:os';

/** The form in which `os.networkInterfaces()` answers. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** An address with the interface that has it. */
export interface InterfaceAddress {
  readonly name: string;
  readonly address: string;
}

// Bridges of containers and virtual machines, tunnels and VPNs, on Linux, macOS and Windows.
const virtual =
  /^(?:docker|br-|bridge|veth|virbr|vboxnet|vmnet|vnet|vnic|cni|cbr|flannel|cali|cilium|weave|kube|podman|lxc|lxd|incus|tailscale|ts\d|wg|tun|tap|utun|ipsec|ppp|zt|nordlynx|gpd|awdl|llw|anpi|ap\d|dummy|ifb|sit|gre|teql|vethernet|hyper-v|virtualbox|vmware)/i;

/** Whether the address only works on one link: 169.254.0.0/16 and fe80::/10. */
export const isLinkLocal = (address: string): boolean =>
  address.startsWith('169.254.') || /^fe[89ab][0-9a-f]:/i.test(address);

/**
 * The addresses that other machines may reach, best first. Never loopback, never link-local; virtual interfaces only
 * when there is no other; IPv4 before IPv6. Interfaces of one rank keep the system's order.
 */
export function bestInterface(interfaces: Interfaces, family: 'IPv4' | 'any'): InterfaceAddress | undefined {
  const candidates = Object.entries(interfaces).flatMap(([name, infos = []]) =>
    infos
      .filter((info) => !info.internal && !isLinkLocal(info.address) && (family === 'any' || info.family === 'IPv4'))
      .map((info) => ({ name, address: info.address, rank: rankOf(name, info) })),
  );
  return candidates.reduce<(typeof candidates)[number] | undefined>(
    (best, next) => (best === undefined || next.rank < best.rank ? next : best),
    undefined,
  );
}

const rankOf = (name: string, { family }: NetworkInterfaceInfo): number =>
  (virtual.test(name) ? 2 : 0) + (family === 'IPv4' ? 0 : 1);

/** Pure: the address of an announced node that has a host name. */
import { BlockList, isIP } from 'node:net';
import type { Place } from '../network/places.ts';
import { endOf, type Life, longer } from './life.ts';
import type { HostRecord } from './packet.ts';

/** Where addresses came from. */
export interface HostSource {
  readonly place: Pick<Place, 'key' | 'holds'>;
  readonly now: number;
  /**
   * How far an address is trusted, best first: it came with the SRV, from the sender of the SRV, or from another
   * machine with the same host name.
   */
  readonly rank: 'with-srv' | 'same-sender' | 'other';
  /**
   * Whether the answer came to us alone. The TTLs of such an answer may have been shortened, so they extend a life and
   * never shorten it.
   */
  readonly direct: boolean;
}

/** Addresses that cannot be called: unspecified, multicast, and link-local ones without their zone. */
const unusable = new BlockList();
unusable.addSubnet('0.0.0.0', 8, 'ipv4');
unusable.addSubnet('224.0.0.0', 3, 'ipv4');
unusable.addAddress('::', 'ipv6');
unusable.addSubnet('fe80::', 10, 'ipv6');
unusable.addSubnet('ff00::', 8, 'ipv6');
/** Addresses that are only right if they are in a subnet of the receiver. */
const local = new BlockList();
local.addSubnet('127.0.0.0', 8, 'ipv4');
local.addSubnet('169.254.0.0', 16, 'ipv4');
local.addAddress('::1', 'ipv6');

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
const isUsable = (address: string): boolean => isIP(address) !== 0 && !unusable.check(address, familyOf(address));

/** How badly an address suits this host: the address with the smallest cost is chosen. */
function costOf(address: string, place: HostSource['place']): number {
  const family = familyOf(address);
  const far = place.holds(address) ? 0 : local.check(address, family) ? 4 : 2;
  return far + (family === 'ipv6' ? 1 : 0);
}

/** The address at which a host is called. The choice stays while that address is announced. */
export class HostAddress {
  #chosen: { readonly address: string; readonly key: string; readonly life: Life } | undefined;

  /** The address as it stands before a port; undefined: no usable address is known. */
  get text(): string | undefined {
    const address = this.#chosen?.address;
    return address === undefined || familyOf(address) === 'ipv4' ? address : `[${address}]`;
  }

  get life(): Life | undefined {
    return this.#chosen?.life;
  }

  /** Whether `address` is the chosen one. */
  is(address: string): boolean {
    return this.#chosen?.address === address;
  }

  /** Forgets the address, because the instance is at another host. */
  clear(): void {
    this.#chosen = undefined;
  }

  /** Takes the addresses of one packet. */
  take(records: readonly HostRecord[], { place, now, rank, direct }: HostSource): void {
    const usable = records.filter(({ address, ttlMs }) => ttlMs > 0 && isUsable(address));
    const chosen = this.#chosen;
    const same = usable.find(({ address }) => address === chosen?.address);
    if (chosen !== undefined && same === undefined && now < endOf(chosen.life)) {
      // An announcer may tell each link only the addresses of that link.
      if (chosen.key !== place.key) return;
      // A host with the same name must not replace the host that announces the node.
      if (rank === 'other') return;
    }
    const next = same ?? usable.sort((a, b) => costOf(a.address, place) - costOf(b.address, place))[0];
    if (next === undefined) return;
    const life = { heardAt: now, ttlMs: next.ttlMs };
    const known = same === undefined ? undefined : chosen;
    this.#chosen = {
      address: next.address,
      key: known?.key ?? place.key,
      life: known === undefined || !direct ? life : longer(known.life, life),
    };
  }
}

import type { DeleteReason } from '@rollcall/core';
import { type Entry, keyOf } from '@rollcall/core/adapter';
import type { Reading } from '../mdns-mapping.ts';
import type { Link } from '../network/link.ts';
import { lower, type Rr } from '../wire/message.ts';
import type { Dialect } from './dialects.ts';
import { HostAddress } from './host-address.ts';
import { type Life, longer, shortest } from './life.ts';
import type { HostRecord } from './packet.ts';

/** The parts of one packet about an instance. */
export interface Hearing {
  readonly records: readonly Rr[];
  readonly link: Link;
  readonly from: string;
  /**
   * Whether the packet came to us alone. The TTLs in such a packet may have been shortened for askers without a cache,
   * so they extend a life and never shorten it.
   */
  readonly direct: boolean;
  readonly now: number;
}

/** The key of an entry's node. */
export const keyOfEntry = ({ name, node }: Entry): string => keyOf(name, node.id);

/** One instance of another announcer: its records, each with a life of its own, and their content. */
export class Sighting {
  readonly instance: string;
  readonly dialect: Dialect;
  /** The link on which the instance was heard last. */
  link: Link;
  /** The sender of the last records of the instance. */
  from: string;
  heardAt: number;
  reading: Reading | undefined;
  /** How many questions were sent since the instance's TTL was last extended. */
  asked = 0;
  /** A goodbye that is not believed yet. */
  leaving: { readonly at: number; readonly reason: DeleteReason } | undefined;
  /** The number of the check that counts; earlier ones in the agenda are void. */
  turn = 0;
  #srv: { readonly target: string; readonly port: number; readonly life: Life } | undefined;
  #txt: { readonly data: readonly Buffer[]; readonly life: Life } | undefined;
  readonly #host = new HostAddress();
  /** Whether the last SRV of the instance came without addresses, so that the host is asked for them. */
  #awaitsHost = false;

  constructor(instance: string, dialect: Dialect, { link, from, now }: Hearing) {
    this.instance = instance;
    this.dialect = dialect;
    this.link = link;
    this.from = from;
    this.heardAt = now;
  }

  get entry(): Entry | undefined {
    return this.reading?.entry;
  }

  /** Host name, in lower case. */
  get target(): string | undefined {
    return this.#srv?.target;
  }

  /** Whether SRV and TXT are known. */
  get complete(): boolean {
    return this.#srv !== undefined && this.#txt !== undefined;
  }

  /**
   * For how long the instance's records are valid: until the first of them ends. Addresses count only where they are
   * used.
   */
  get life(): Life {
    const host = this.reading?.needsAddress === true ? this.#host.life : undefined;
    return shortest([this.#srv?.life, this.#txt?.life, host]) ?? { heardAt: this.heardAt, ttlMs: 0 };
  }

  /** Whether the instance's host is to be asked for addresses. */
  get wantsHost(): boolean {
    return this.reading?.needsAddress === true && this.#srv !== undefined && (this.#awaitsHost || !this.hasAddress);
  }

  get hasAddress(): boolean {
    return this.#host.text !== undefined;
  }

  /** Why the instance is not on the roll; undefined: it is, or its records are not complete yet. */
  get unusable(): string | undefined {
    if (this.#txt === undefined || this.reading?.silent === true || this.entry !== undefined) return undefined;
    if (this.reading === undefined) return 'its TXT cannot be read';
    return this.#srv === undefined ? 'no SRV record' : 'no usable address';
  }

  /** Takes the SRV of the instance, with the addresses of the same packet. */
  takeSrv(rr: Rr & { readonly type: 'SRV' }, hosts: readonly HostRecord[], hearing: Hearing): void {
    const target = lower(rr.data.target);
    if (this.#srv !== undefined && this.#srv.target !== target) this.#host.clear();
    this.#srv = { target, port: rr.data.port, life: this.#lived(this.#srv?.life, rr.ttl, hearing) };
    this.#awaitsHost = hosts.every(({ ttlMs }) => ttlMs === 0);
    const { now, link, direct } = hearing;
    this.#host.take(hosts, { place: link.place, now, rank: 'with-srv', direct });
    this.#heard(hearing);
  }

  takeTxt(rr: Rr & { readonly type: 'TXT' }, hearing: Hearing): void {
    this.#txt = { data: rr.data, life: this.#lived(this.#txt?.life, rr.ttl, hearing) };
    this.#heard(hearing);
  }

  /** Takes addresses of the host that came without the SRV; returns whether the address of the instance changed. */
  takeHost(hosts: readonly HostRecord[], { link, from, direct, now }: Hearing): boolean {
    if (!this.#awaitsHost && this.hasAddress) return false;
    const before = this.#host.text;
    const rank = from === this.from ? 'same-sender' : 'other';
    this.#host.take(hosts, { place: link.place, now, rank, direct });
    return this.#host.text !== before;
  }

  /** Whether address records that came without its SRV withdraw or replace the one in use; then the host is asked again. */
  contradicts(all: readonly HostRecord[]): boolean {
    if (!this.hasAddress || this.reading?.needsAddress !== true) return false;
    const same = all.find(({ address }) => this.#host.is(address));
    return same === undefined ? all.some(({ flush }) => flush) : same.ttlMs === 0;
  }

  /** Decodes the present records of the instance. */
  read(): Reading | undefined {
    if (this.#txt === undefined) return undefined;
    const host = this.#host.text;
    const address = this.#srv === undefined || host === undefined ? undefined : `${host}:${this.#srv.port}`;
    return this.dialect.read(this.instance, this.#txt.data, address);
  }

  #lived(known: Life | undefined, ttl: number, { now, direct }: Hearing): Life {
    const life = { heardAt: now, ttlMs: ttl * 1_000 };
    return known === undefined || !direct ? life : longer(known, life);
  }

  #heard({ link, from, now }: Hearing): void {
    this.link = link;
    this.from = from;
    this.heardAt = now;
  }
}

/**
 * Whether the first of two sightings of one node counts. Content of Rollcall beats content of go-micro, which beats a
 * sighting without content. Of two sightings with the same kind of content, the later one counts.
 */
export function precedes(a: Sighting, b: Sighting): boolean {
  const rank = ({ dialect, reading }: Sighting): number => (reading?.owner === undefined ? 0 : 2) + dialect.rank;
  return rank(a) > rank(b) || (rank(a) === rank(b) && a.heardAt > b.heardAt);
}

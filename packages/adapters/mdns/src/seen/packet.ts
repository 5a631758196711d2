/** Pure: sorts the records of a packet by instance and host. */
import { saysExpired } from '../wire/dns-sd.ts';
import { lower, nameKey, type Rr } from '../wire/message.ts';

/** An address record. */
export interface HostRecord {
  readonly address: string;
  /** 0: the record is withdrawn. */
  readonly ttlMs: number;
  /** Whether this record replaces the known addresses of the host. */
  readonly flush: boolean;
}

/** Instances whose end was announced. */
interface Goodbye {
  readonly instance: string;
  readonly reason: 'deregistered' | 'expired';
}

/** The records of a packet, sorted out. */
export interface Packet {
  /** Instances that are ended by their SRV, by their TXT, or by the pointer alone. */
  readonly goodbyes: readonly Goodbye[];
  /** SRV and TXT of instances that live. */
  readonly facts: readonly (Rr & { readonly type: 'SRV' | 'TXT' })[];
  /** Instances that pointers name. */
  readonly named: readonly string[];
  /** Address records by host, withdrawn ones included. */
  readonly hosts: ReadonlyMap<string, readonly HostRecord[]>;
  /** Keys of the instances whose SRV is in the packet. */
  readonly withSrv: ReadonlySet<string>;
}

/** Sorts out the records of a packet. */
export function packetOf(records: readonly Rr[]): Packet {
  const facts = records.filter((rr) => rr.type === 'SRV' || rr.type === 'TXT');
  return {
    goodbyes: goodbyesOf(records.filter(({ ttl }) => ttl === 0)),
    facts: facts.filter(({ ttl }) => ttl > 0),
    named: records.flatMap((rr) => (rr.type === 'PTR' && rr.ttl > 0 ? [rr.data] : [])),
    hosts: hostsOf(records),
    withSrv: new Set(facts.flatMap((rr) => (rr.type === 'SRV' ? [nameKey(rr.name)] : []))),
  };
}

function goodbyesOf(gone: readonly Rr[]): readonly Goodbye[] {
  const expired = new Set(gone.flatMap((rr) => (rr.type === 'TXT' && saysExpired(rr.data) ? [nameKey(rr.name)] : [])));
  return gone.flatMap((rr) => {
    // A goodbye for a subtype alone does not end the instance.
    const byPointer = rr.type === 'PTR' && !rr.name.includes('._sub.');
    const instance = byPointer ? rr.data : rr.type === 'SRV' || rr.type === 'TXT' ? rr.name : undefined;
    if (instance === undefined) return [];
    return [{ instance, reason: expired.has(nameKey(instance)) ? 'expired' : 'deregistered' }];
  });
}

function hostsOf(records: readonly Rr[]): ReadonlyMap<string, readonly HostRecord[]> {
  const hosts = new Map<string, HostRecord[]>();
  for (const rr of records) {
    if (rr.type !== 'A' && rr.type !== 'AAAA') continue;
    const list = hosts.get(lower(rr.name)) ?? [];
    hosts.set(lower(rr.name), list);
    list.push({ address: rr.data, ttlMs: rr.ttl * 1_000, flush: rr.flush === true });
  }
  return hosts;
}

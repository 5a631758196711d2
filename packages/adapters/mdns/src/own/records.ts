/** Pure: the records of a node that is announced here, in both shapes. */
import { isIP } from 'node:net';
import { type Entry, entryKey, limits } from '@rollcall/core/adapter';
import type { Settings } from '../mdns-options.ts';
import { type DnsSdNames, dnsSdNames, expiredTruth, writeTruth } from '../wire/dns-sd.ts';
import { listing, listingPort, writeGoTxt } from '../wire/go-micro.ts';
import { isDnsName, maxPacketBytes, pack, type Rr } from '../wire/message.ts';

/** A pointer, and the records of what it points to. */
export interface Form {
  readonly instance: string;
  /** Names that point to the instance. */
  readonly pointers: readonly string[];
  /** SRV, addresses and TXT, in that order: go-micro takes an instance for whole by its last record. */
  records(ttl: number): readonly Rr[];
}

/** What the forms of a node are made by. */
export class Forms {
  readonly names: DnsSdNames;
  readonly #settings: Settings;
  readonly #owner: string;

  constructor(settings: Settings, owner: string) {
    this.#settings = settings;
    this.#owner = owner;
    this.names = dnsSdNames(settings.namespace);
  }

  /** DNS-SD; undefined where it is switched off. */
  dnsSd(entry: Entry): Form | undefined {
    if (!this.#settings.dnsSd) return undefined;
    const instance = this.names.instance(entryKey(entry));
    const text = writeTruth(entry, this.#owner);
    const rest = service(instance, entry.node.address, 'local', true);
    return {
      instance,
      pointers: [this.names.type, this.names.subtype(entry.name)],
      records: (ttl) => [...rest(ttl), { type: 'TXT', name: instance, ttl, flush: true, data: text }],
    };
  }

  /** go-micro's; undefined where it is off, and where its form has no room: names that are no DNS names, hosts without an IP address, too much for a packet. */
  goMicro(entry: Entry): Form | undefined {
    const { goMicro, dnsSd, domain } = this.#settings;
    const pointer = `${entry.name}.${domain}`;
    const instance = `${entry.node.id}.${pointer}`;
    if (!goMicro || !isDnsName(instance) || isIP(limits.splitAddress(entry.node.address).host) === 0) return undefined;
    const text = writeGoTxt(entry, dnsSd, this.#owner);
    const rest = service(instance, entry.node.address, domain, false);
    const form: Form = {
      instance,
      pointers: [pointer],
      records: (ttl) => [...rest(ttl), { type: 'TXT', name: instance, ttl, data: text }],
    };
    const [bytes] = pack([pointTo(form, pointer, 1)], { questions: [{ name: pointer, type: 'PTR' }] });
    return bytes !== undefined && bytes.length <= maxPacketBytes && fits(form) ? form : undefined;
  }

  /** How go-micro learns that a name exists. */
  listed(name: string): Form | undefined {
    const { goMicro, domain } = this.#settings;
    const instance = `${name}.${listing}.${domain}`;
    if (!goMicro || !isDnsName(instance)) return undefined;
    const records = (ttl: number): readonly Rr[] => [
      ...service(instance, `0.0.0.0:${listingPort}`, domain, false)(ttl),
      { type: 'TXT', name: instance, ttl, data: [Buffer.alloc(0)] },
    ];
    return { instance, pointers: [`${listing}.${domain}`], records };
  }
}

const fits = (form: Form): boolean => pack([form.records(1)]).length === 1;

/** A pointer with what it points to. */
export const pointTo = (form: Form, pointer: string, ttl: number): readonly Rr[] => [
  { type: 'PTR', name: pointer, ttl, data: form.instance },
  ...form.records(ttl),
];

/** All pointers to an instance, with what they point to. */
export const withPointers = (form: Form, ttl: number): readonly Rr[] => [
  ...form.pointers.map((name): Rr => ({ type: 'PTR', name, ttl, data: form.instance })),
  ...form.records(ttl),
];

/** What takes an instance of DNS-SD back. One whose lease ended says so in a TXT of its own. Hosts may have other nodes. */
export function goodbye(form: Form, expired: boolean): readonly Rr[] {
  const mark: Rr[] = expired ? [{ type: 'TXT', name: form.instance, ttl: 0, data: expiredTruth() }] : [];
  return [...mark, ...withPointers(form, 0).filter(({ type }) => type !== 'A' && type !== 'AAAA')];
}

/** SRV and, for a host that is an IP address, a name for it. Whoever announces that name says the same of it. */
function service(instance: string, address: string, domain: string, flush: boolean): (ttl: number) => readonly Rr[] {
  const { host, port } = limits.splitAddress(address);
  const family = isIP(host);
  const target = family === 0 ? host : hostName(host, domain);
  return (ttl) => [
    { type: 'SRV', name: instance, ttl, flush, data: { target, port } },
    ...(family === 0 ? [] : [{ type: family === 4 ? 'A' : 'AAAA', name: target, ttl, flush, data: host } satisfies Rr]),
  ];
}

const hostName = (ip: string, domain: string): string => `rollcall-${ip.replace(/[^0-9a-fA-F]/g, '-')}.${domain}`;

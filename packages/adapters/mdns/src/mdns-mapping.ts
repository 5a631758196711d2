/** Pure: entry <-> the records of a node, in both shapes. */
import { isIP } from 'node:net';
import { type Entry, entryKey, limits } from '@rollcall/core/adapter';
import type { Settings } from './mdns-options.ts';
import { type DnsSdNames, dnsSdNames, expiredTruth, foreignEntry, readTruth, writeTruth } from './wire/dns-sd.ts';
import { listing, listingPort, readGoTxt, writeGoTxt } from './wire/go-micro.ts';
import { isDnsName, maxPacketBytes, pack, type Rr } from './wire/message.ts';

/** A pointer, and the records of the instance that it points to. */
export interface Form {
  readonly instance: string;
  /** Names that point to the instance. */
  readonly pointers: readonly string[];
  /** SRV, addresses and TXT, in that order, since go-micro takes an instance for complete at its last record. */
  records(ttl: number): readonly Rr[];
}

/** Makes the shapes of a node: entry -> records. */
export class Forms {
  readonly names: DnsSdNames;
  readonly #settings: Settings;
  readonly #owner: string;

  constructor(settings: Settings, owner: string) {
    this.#settings = settings;
    this.#owner = owner;
    this.names = dnsSdNames(settings.namespace);
  }

  /** Whether nodes are announced in go-micro's shape, if they fit. */
  get inGoMicro(): boolean {
    return this.#settings.goMicro;
  }

  /** The records of a node in DNS-SD; undefined where that is disabled. */
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

  /**
   * The records of a node in go-micro's shape; undefined where that is disabled, or where the node does not fit: a name
   * is not a DNS name, the host has no IP address, or the node is too large for one packet.
   */
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

  /** The record that tells go-micro that a name exists. */
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

/** A pointer and the records that it points to. */
export const pointTo = (form: Form, pointer: string, ttl: number): readonly Rr[] => [
  { type: 'PTR', name: pointer, ttl, data: form.instance },
  ...form.records(ttl),
];

/** All pointers to an instance, and the records that they point to. */
export const withPointers = (form: Form, ttl: number): readonly Rr[] => [
  ...form.pointers.map((name): Rr => ({ type: 'PTR', name, ttl, data: form.instance })),
  ...form.records(ttl),
];

/** The goodbye of a DNS-SD instance. A TXT tells if its lease ended. It leaves out the host, which may have other nodes. */
export function goodbye(form: Form, expired: boolean): readonly Rr[] {
  const mark: Rr[] = expired ? [{ type: 'TXT', name: form.instance, ttl: 0, data: expiredTruth() }] : [];
  return [...mark, ...withPointers(form, 0).filter(({ type }) => type !== 'A' && type !== 'AAAA')];
}

/**
 * The SRV record, and where the host is an IP address a record that names it. Every announcer of that name gives it the
 * same address.
 */
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

/**
 * The content of an instance's TXT: records -> entry. `silent`: the instance is read in another shape, so this one is
 * neither asked for nor told.
 */
export interface Reading {
  /** The entry that the TXT describes; undefined while its address is not known. */
  readonly entry: Entry | undefined;
  /** The registry object that announces the instance; undefined: another program announces it. */
  readonly owner: string | undefined;
  readonly silent?: boolean | undefined;
  /** Whether the node's address comes from its SRV and host records; Rollcall's nodes have it in TXT. */
  readonly needsAddress: boolean;
}

/**
 * Reads an instance of DNS-SD; undefined: its TXT cannot be used. `address` is made of its SRV and host records, if
 * they are known.
 */
export function readDnsSd(label: string, txt: readonly Buffer[], address: string | undefined): Reading | undefined {
  const truth = readTruth(label, txt);
  if (truth === undefined) return undefined;
  const usable = address !== undefined && limits.isAddress(address);
  const entry = truth.entry ?? (usable ? foreignEntry(truth, txt, address) : undefined);
  return { owner: truth.owner, entry, needsAddress: truth.entry === undefined };
}

/** Reads an instance in go-micro's domain, in the same way. */
export function readGoMicro(
  { domain, dnsSd }: Settings,
  instance: string,
  txt: readonly Buffer[],
  address: string | undefined,
): Reading | undefined {
  const truth = readGoTxt(txt);
  const ending = truth === undefined ? '' : `.${truth.name}.${domain}`;
  if (truth === undefined || !instance.endsWith(ending)) return undefined;
  const id = instance.slice(0, -ending.length);
  const usable = address !== undefined && limits.isAddress(address) && limits.isReadableName(id);
  // A node that is announced in DNS-SD as well is read there.
  const silent = truth.alsoDnsSd && dnsSd;
  const entry = usable && !silent ? truth.entry(id, address) : undefined;
  return { owner: truth.owner, silent, entry, needsAddress: !silent };
}

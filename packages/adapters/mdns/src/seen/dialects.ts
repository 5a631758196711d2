/** Pure: who reads which instance names, and how they are asked for. */
import { type Entry, limits } from '@rollcall/core/adapter';
import { listedTtlS, type Settings } from '../mdns-options.ts';
import { type DnsSdNames, foreignEntry, readTruth } from '../wire/dns-sd.ts';
import { listing, readGoTxt } from '../wire/go-micro.ts';
import { isDnsName, lower, type Question } from '../wire/message.ts';

/** What the TXT of an instance says; `silent`: it is read in another form, so nothing is asked or told of this one. */
export interface Reading {
  readonly entry: Entry | undefined;
  readonly owner: string | undefined;
  readonly silent?: boolean | undefined;
}

/** An instance that was heard. */
interface Seen {
  readonly dialect: Dialect;
  readonly instance: string;
  readonly entry: Entry | undefined;
}

/** One of the shapes on the wire, to a reader. */
export interface Dialect {
  /** Of two forms of one node the higher counts. */
  readonly rank: number;
  /** Its announcers answer the asker alone, whoever asks. */
  readonly direct: boolean;
  reads(instance: string): boolean;
  /** @param address What its SRV and host records make; undefined where they are not known. */
  read(instance: string, txt: readonly Buffer[], address: string | undefined): Reading | undefined;
  /** How the nodes of a name are asked for; undefined: of all. */
  questions(name: string | undefined): Question[];
  /** Whether the instance can be asked for by its own name. */
  names(instance: string): boolean;
  /** What its announcer would point to in answer to a question of this dialect; without a TTL: that of the instance. */
  pointed(question: Question, sighting: Seen): readonly { readonly data: string; readonly ttl?: number }[];
}

export function dnsSdDialect(names: DnsSdNames): Dialect {
  const suffix = `.${names.type}`;
  return {
    rank: 1,
    direct: false,
    reads: (instance) => lower(instance).endsWith(suffix),
    read(instance, txt, address) {
      const truth = readTruth(instance.slice(0, -suffix.length), txt);
      if (truth === undefined) return undefined;
      const usable = address !== undefined && limits.isAddress(address);
      return { owner: truth.owner, entry: truth.entry ?? (usable ? foreignEntry(truth, txt, address) : undefined) };
    },
    // A program that is no Rollcall knows no subtypes of ours.
    questions: (name) =>
      [...(name === undefined ? [] : [names.subtype(name)]), names.type].map((asked) => ({ type: 'PTR', name: asked })),
    // The library takes a dot within a label for its end.
    names: (instance) => !instance.slice(0, -suffix.length).includes('.'),
    pointed: ({ name }, { dialect, instance, entry }) =>
      dialect.direct || (name !== names.type && (entry === undefined || name !== names.subtype(entry.name)))
        ? []
        : [{ data: instance }],
  };
}

export function goMicroDialect({ domain, dnsSd }: Settings): Dialect {
  const suffix = `.${domain}`;
  const list = `${listing}.${domain}`;
  return {
    rank: 0,
    direct: true,
    reads: (instance) => instance.endsWith(suffix) && !instance.endsWith(`.${list}`) && !instance.includes('._tcp.'),
    read(instance, txt, address) {
      const truth = readGoTxt(txt);
      const ending = truth === undefined ? '' : `.${truth.name}${suffix}`;
      if (truth === undefined || !instance.endsWith(ending)) return undefined;
      const id = instance.slice(0, -ending.length);
      const usable = address !== undefined && limits.isAddress(address) && limits.isReadableName(id);
      // What says that it is in DNS-SD as well is read there.
      const silent = truth.alsoDnsSd && dnsSd;
      return { owner: truth.owner, silent, entry: usable && !silent ? truth.entry(id, address) : undefined };
    },
    questions: (name) => {
      const question: Question = { type: 'PTR', name: name === undefined ? list : `${name}.${domain}`, unicast: true };
      return isDnsName(question.name) ? [question] : [];
    },
    names: () => true,
    // Who announces a node in both shapes is read in the other, and would answer in this one as well.
    pointed({ name }, { entry }) {
      if (entry === undefined) return [];
      if (name === list) return [{ data: `${entry.name}.${list}`, ttl: listedTtlS }];
      return name === `${entry.name}${suffix}` ? [{ data: `${entry.node.id}.${name}`, ttl: listedTtlS }] : [];
    },
  };
}

/** Pure: which dialect reads which instance names, and how to ask for them. */
import type { Entry } from '@rollcall/core/adapter';
import { type Reading, readDnsSd, readGoMicro } from '../mdns-mapping.ts';
import { listedTtlS, type Settings } from '../mdns-options.ts';
import type { DnsSdNames } from '../wire/dns-sd.ts';
import { listing } from '../wire/go-micro.ts';
import { isDnsName, lower, type Question } from '../wire/message.ts';

/** An instance that was heard. */
interface Seen {
  readonly dialect: Dialect;
  readonly instance: string;
  readonly entry: Entry | undefined;
}

/** A shape on the wire, as a reader sees it. */
export interface Dialect {
  /** Where a node is announced in two dialects, the dialect with the higher rank counts. */
  readonly rank: number;
  /** Whether announcers in this dialect always answer the asker alone. */
  readonly direct: boolean;
  reads(instance: string): boolean;
  /** @param address From its SRV and host records; undefined where they are not known. */
  read(instance: string, txt: readonly Buffer[], address: string | undefined): Reading | undefined;
  /** The questions for the nodes of a name; undefined: for all nodes. */
  questions(name: string | undefined): Question[];
  /** Whether the instance can be asked for by its own name. */
  names(instance: string): boolean;
  /**
   * The pointers by which an announcer answers a question of this dialect. A pointer without a TTL has that of the
   * instance.
   */
  pointed(question: Question, sighting: Seen): readonly { readonly data: string; readonly ttl?: number }[];
}

/** Reads DNS-SD, and asks for it. */
export function dnsSdDialect(names: DnsSdNames): Dialect {
  const suffix = `.${names.type}`;
  return {
    rank: 1,
    direct: false,
    reads: (instance) => lower(instance).endsWith(suffix),
    read: (instance, txt, address) => readDnsSd(instance.slice(0, -suffix.length), txt, address),
    // A program other than Rollcall does not know our subtypes.
    questions: (name) =>
      [...(name === undefined ? [] : [names.subtype(name)]), names.type].map((asked) => ({ type: 'PTR', name: asked })),
    // The library takes a dot within a label for the end of the label.
    names: (instance) => !instance.slice(0, -suffix.length).includes('.'),
    pointed: ({ name }, { dialect, instance, entry }) =>
      dialect.direct || (name !== names.type && (entry === undefined || name !== names.subtype(entry.name)))
        ? []
        : [{ data: instance }],
  };
}

/** Reads go-micro's shape, and asks for it. */
export function goMicroDialect(settings: Settings): Dialect {
  const { domain } = settings;
  const suffix = `.${domain}`;
  const list = `${listing}.${domain}`;
  return {
    rank: 0,
    direct: true,
    reads: (instance) => instance.endsWith(suffix) && !instance.endsWith(`.${list}`) && !instance.includes('._tcp.'),
    read: (instance, txt, address) => readGoMicro(settings, instance, txt, address),
    questions: (name) => {
      const question: Question = { type: 'PTR', name: name === undefined ? list : `${name}.${domain}`, unicast: true };
      return isDnsName(question.name) ? [question] : [];
    },
    names: () => true,
    // A node in both shapes is read in the other shape, and would otherwise be told twice.
    pointed({ name }, { entry }) {
      if (entry === undefined) return [];
      if (name === list) return [{ data: `${entry.name}.${list}`, ttl: listedTtlS }];
      return name === `${entry.name}${suffix}` ? [{ data: `${entry.node.id}.${name}`, ttl: listedTtlS }] : [];
    },
  };
}

import type { DeleteReason, SkippedSummary } from '@rollcall/core';
import { type Entry, type EntryKey, keyOf, SkippedEntries } from '@rollcall/core/adapter';
import type { Settings } from '../mdns-options.ts';
import type { Link } from '../network/link.ts';
import type { Heard, Network } from '../network/network.ts';
import type { OwnNodes } from '../own/own-nodes.ts';
import { listing } from '../wire/go-micro.ts';
import type { Message, Rr } from '../wire/message.ts';
import { Browser } from './browser.ts';
import { type Dialect, dnsSdDialect, goMicroDialect } from './dialects.ts';
import type { Sighting } from './sighting.ts';
import { Sightings } from './sightings.ts';

/** What {@link OtherNodes} work with. */
export interface OtherNodesOptions {
  readonly settings: Settings;
  readonly network: Network;
  readonly own: OwnNodes;
  /** A node elsewhere is new, changed or gone. */
  readonly changed: (key: EntryKey, reason: DeleteReason) => void;
}

/** The nodes of other announcers: asked for, remembered, and kept fresh while they are watched. */
export class OtherNodes {
  readonly #sightings: Sightings;
  readonly #browser: Browser;

  constructor({ settings, network, own, changed }: OtherNodesOptions) {
    const dialects: readonly Dialect[] = [
      ...(settings.dnsSd ? [dnsSdDialect(own.forms.names)] : []),
      ...(settings.goMicro ? [goMicroDialect(settings)] : []),
    ];
    const told = new SkippedEntries();
    this.#sightings = new Sightings({
      dialectOf: (instance) => dialects.find((dialect) => dialect.reads(instance)),
      refuses: (instance, dialect, txt, hearing) => own.refuses(instance, dialect, txt, hearing),
      watched: (name) => this.#browser.watched(name),
      changed: ({ name, node }, reason) => changed({ name, id: node.id }, reason),
      skipped: (instance, reason) => {
        if (settings.logger !== undefined) told.tell(settings.logger, instance, reason);
      },
    });
    this.#browser = new Browser({
      network,
      clock: settings.clock,
      dialects,
      sightings: this.#sightings,
      listedIn: (records) => listedIn(records, `${listing}.${settings.domain}`),
      ours: (instance) => own.has(instance),
      own: (question) => own.pointers(question),
    });
  }

  /** The best that is known of a node. */
  get({ name, id }: EntryKey): Sighting | undefined {
    return this.#sightings.get(keyOf(name, id));
  }

  /** Instances of other announcers that cannot be used now. */
  get skipped(): SkippedSummary {
    return this.#sightings.skipped;
  }

  entries(name: string | undefined): Entry[] {
    return this.#sightings.entries(name);
  }

  /** Keeps a name fresh until the returned function is called. */
  want(name: string | undefined): () => void {
    return this.#browser.want(name);
  }

  /** Asks and waits for the answers, unless the name is kept fresh. Rejects where nothing can be sent. */
  async survey(name: string | undefined, signal: AbortSignal): Promise<void> {
    if (!this.#browser.warm(name)) await this.#browser.survey(name, signal);
  }

  /** Forgets instances that this process has taken over. */
  forget(instances: readonly string[]): void {
    for (const instance of instances) this.#sightings.forget(instance);
  }

  /** Takes an answer, or an announcement, from another host. */
  hear(message: Message, heard: Heard): void {
    this.#browser.hear(message, heard);
  }

  /** Asks for all records on a link that is new or back. */
  up(link: Link): void {
    this.#browser.up(link);
  }

  /** Notes that no link can send. */
  down(): void {
    this.#browser.down();
  }

  stop(): void {
    this.#browser.stop();
  }
}

/** Names in go-micro's list. */
const listedIn = (records: readonly Rr[], list: string): readonly string[] =>
  records.flatMap((rr) =>
    rr.type === 'PTR' && rr.name === list && rr.ttl > 0 && rr.data.endsWith(`.${list}`)
      ? [rr.data.slice(0, -list.length - 1)]
      : [],
  );

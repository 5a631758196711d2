import { randomBytes } from 'node:crypto';
import type { Capabilities, Clock, DeleteReason, Registry, RegistryError } from '@rollcall/core';
import {
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  entryKey,
  keyOf,
  type Lease,
  type RegistryDriver,
  systemClock,
  type WatchSink,
} from '@rollcall/core/adapter';
import { heldElsewhere, notOurs, toMdnsError } from './mdns-error.ts';
import { type MdnsOptions, mdnsCapabilities, parseSettings, type Settings } from './mdns-options.ts';
import { Watches } from './mdns-watch.ts';
import type { Heard } from './network/network.ts';
import { Network } from './network/network.ts';
import { Announcer } from './own/announcer.ts';
import { Prober } from './own/probe.ts';
import { Forms } from './own/records.ts';
import { Responder } from './own/responder.ts';
import { Zone } from './own/zone.ts';
import { Browser, type Pointer } from './seen/browser.ts';
import { type Dialect, dnsSdDialect, goMicroDialect } from './seen/dialects.ts';
import type { Sighting } from './seen/roll.ts';
import { type Hearing, Sightings } from './seen/sightings.ts';
import { listing } from './wire/go-micro.ts';
import type { Message, Question } from './wire/message.ts';

/**
 * A registry on multicast DNS: the roll of a LAN, kept by whoever is on it.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bad option.
 */
export function mdns(options: MdnsOptions = {}): Registry {
  return createRegistry(new MdnsDriver(parseSettings(options), options), options);
}

/** What the guard drives. */
export class MdnsDriver implements RegistryDriver {
  readonly name = 'mdns';
  readonly capabilities: Capabilities = mdnsCapabilities;
  readonly toError: RegistryDriver['toError'] = toMdnsError;
  readonly #settings: Settings;
  /** Tells our packets from those of others, on this machine too. */
  readonly #owner = randomBytes(6).toString('hex');
  readonly #network: Network;
  readonly #zone: Zone;
  readonly #prober: Prober;
  readonly #announcer: Announcer;
  readonly #responder: Responder;
  readonly #sightings: Sightings;
  readonly #browser: Browser;
  readonly #watches = new Watches();

  constructor(settings: Settings, { clock = systemClock, logger }: MdnsOptions) {
    this.#settings = settings;
    const owner = this.#owner;
    const forms = new Forms(settings, owner);
    this.#zone = new Zone(forms);
    this.#network = new Network({ interfaces: settings.interfaces, clock, logger, ears: this.#ears() });
    const network = this.#network;
    this.#prober = new Prober({ network, clock, forms, owner });
    const changed = (key: EntryKey, reason: DeleteReason): void => this.#ownChanged(key, reason);
    const takenElsewhere = (key: EntryKey): boolean => this.#sighting(key) !== undefined;
    this.#announcer = new Announcer({
      zone: this.#zone,
      prober: this.#prober,
      network,
      clock,
      logger,
      owner,
      takenElsewhere,
      changed,
    });
    this.#responder = new Responder(this.#zone, clock);
    const dialects = [
      ...(settings.dnsSd ? [dnsSdDialect(forms.names)] : []),
      ...(settings.goMicro ? [goMicroDialect(settings)] : []),
    ];
    this.#sightings = this.#newSightings(dialects);
    this.#browser = this.#newBrowser(clock, dialects);
  }

  connect(): Promise<void> {
    return this.#network.open();
  }

  async put(entries: readonly Entry[], lease: Lease | undefined, call: DriverCall): Promise<void> {
    await this.#network.open();
    await this.#announcer.put(entries, lease, call);
  }

  async renew(keys: readonly EntryKey[], lease: Lease | undefined): Promise<readonly EntryKey[]> {
    for (const key of keys) {
      const other = this.#zone.get(key) === undefined ? this.#sighting(key) : undefined;
      if (other !== undefined) throw heldElsewhere(key, ` at ${other.from}`);
    }
    // Also while nothing can be sent: when the link is back, what was renewed is announced.
    const lost = await this.#announcer.renew(keys, lease);
    if (!this.#network.usable) throw this.#network.error();
    return lost;
  }

  async remove(keys: readonly EntryKey[], { signal }: DriverCall): Promise<void> {
    const [own, others] = [keys.filter((key) => this.#zone.get(key)), keys.filter((key) => !this.#zone.get(key))];
    const names = new Set(others.filter((key) => this.#sighting(key) === undefined).map(({ name }) => name));
    // Also while nothing can be sent: it must not be announced again when the link is back.
    await this.#announcer.remove(own);
    await this.#network.open();
    await Promise.all([...names].map((name) => this.#survey(name, signal)));
    for (const key of others) {
      const other = this.#sighting(key);
      if (other !== undefined) throw notOurs(key, ` at ${other.from}`);
    }
  }

  async read(name: string | undefined, { signal }: DriverCall): Promise<readonly Entry[]> {
    await this.#network.open();
    await this.#survey(name, signal);
    if (!this.#network.usable) throw this.#network.error();
    return this.#entries(name);
  }

  async watch(name: string | undefined, sink: WatchSink, { signal }: DriverCall): Promise<void> {
    await this.#network.open();
    const unwant = this.#browser.want(name);
    const unsubscribe = this.#watches.subscribe(name, sink);
    try {
      // As it comes; what is there when the first questions have had their time is the state at the start.
      for (const entry of this.#entries(name)) sink.put(entry);
      await this.#survey(name, signal);
      sink.snapshot(this.#entries(name));
      await this.#watches.untilLost(signal);
    } finally {
      unsubscribe();
      unwant();
    }
  }

  async close({ withdraw }: { readonly withdraw: readonly EntryKey[] }): Promise<void> {
    await this.#announcer.close(withdraw);
    this.#responder.stop();
    this.#browser.stop();
    await this.#network.close();
  }

  #ears() {
    return {
      message: (message: Message, heard: Heard) => this.#hear(message, heard),
      up: (link: Heard['link']) => {
        this.#announcer.up(link);
        this.#browser.up(link);
      },
      down: (error: RegistryError) => {
        this.#browser.down();
        this.#watches.lose(error);
      },
    };
  }

  #newSightings(dialects: readonly Dialect[]): Sightings {
    return new Sightings({
      dialectOf: (instance) => dialects.find((dialect) => dialect.reads(instance)),
      refuses: (instance, dialect, txt, hearing) => this.#refuses(instance, dialect, txt, hearing),
      watched: (name) => this.#browser.watched(name),
      changed: ({ name, node }, reason) => this.#changed({ name, id: node.id }, reason),
    });
  }

  #newBrowser(clock: Clock, dialects: readonly Dialect[]): Browser {
    const list = `${listing}.${this.#settings.domain}`;
    return new Browser({
      network: this.#network,
      clock,
      dialects,
      sightings: this.#sightings,
      listedIn: (records) =>
        records.flatMap((rr) =>
          rr.type === 'PTR' && rr.name === list && rr.ttl > 0 && rr.data.endsWith(`.${list}`)
            ? [rr.data.slice(0, -list.length - 1)]
            : [],
        ),
      ours: (instance) => this.#zone.ofInstance(instance) !== undefined,
      own: (question) => this.#ownPointers(question),
    });
  }

  #hear(message: Message, heard: Heard): void {
    if (message.response) this.#browser.hear(message, heard);
    else {
      this.#prober.hear(message);
      this.#responder.hear(message, heard);
    }
  }

  /** Our own packets come back from the group; who else speaks for a node of ours contests it. */
  #refuses(instance: string, dialect: Dialect, txt: readonly Buffer[], { from }: Hearing): boolean {
    const own = this.#zone.ofInstance(instance);
    if (txt.length === 0) return own !== undefined;
    const owner = dialect.read(instance, txt, undefined)?.owner;
    if (owner === this.#owner) return true;
    if (this.#prober.holds(instance, from) && own === undefined) return false;
    // go-micro knows no conflicts: it would never yield.
    if (own !== undefined) this.#announcer.contest(own, { owner, from, stubborn: dialect.direct });
    return own !== undefined;
  }

  #ownPointers(question: Question): readonly Pointer[] {
    return [...this.#zone.ofPointer(question.name)].flatMap(({ dnsSd, goMicro }) =>
      [dnsSd, goMicro].flatMap((form): Pointer[] =>
        form?.pointers.includes(question.name) === true
          ? [{ type: 'PTR', name: question.name, ttl: 2 ** 31 - 1, data: form.instance }]
          : [],
      ),
    );
  }

  #sighting({ name, id }: EntryKey): Sighting | undefined {
    return this.#sightings.get(keyOf(name, id));
  }

  #entries(name: string | undefined): Entry[] {
    const own = [...this.#zone.all()]
      .map(({ entry }) => entry)
      .filter((entry) => name === undefined || entry.name === name);
    return [...own, ...this.#sightings.entries(name).filter((entry) => this.#zone.get(entryKey(entry)) === undefined)];
  }

  async #survey(name: string | undefined, signal: AbortSignal): Promise<void> {
    if (!this.#browser.warm(name)) await this.#browser.survey(name, signal);
  }

  /** What is ours is no longer anybody else's. */
  #ownChanged(key: EntryKey, reason: DeleteReason): void {
    const own = this.#zone.get(key);
    for (const form of [own?.dnsSd, own?.goMicro]) if (form !== undefined) this.#sightings.forget(form.instance);
    this.#changed(key, reason);
  }

  /** One key differs from what it was: whoever watches it is told what is true now. */
  #changed(key: EntryKey, reason: DeleteReason): void {
    const entry = this.#zone.get(key)?.entry ?? this.#sighting(key)?.entry;
    this.#watches.tell(key, entry, reason);
  }
}

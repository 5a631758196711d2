import type { Clock, Logger, RegistryError } from '@rollcall/core';
import { explain, noNetwork } from '../mdns-error.ts';
import { lookMs } from '../mdns-options.ts';
import type { Message } from '../wire/message.ts';
import { askInterfaces } from './interfaces.ts';
import { Link, type Sender } from './link.ts';
import { type Place, placesOf } from './places.ts';

/** Where a message came from. */
export interface Heard {
  readonly link: Link;
  readonly from: Sender;
  /** Whether the message was sent to this host alone. */
  readonly direct: boolean;
}

/** Receives the events of the network. None of these may throw; if one does, the error is logged and the packet is lost. */
export interface Ears {
  message(message: Message, heard: Heard): void;
  /** Called when a link is new, or back. */
  up(link: Link): void;
  /** Called when no link can send any more. */
  down(error: RegistryError): void;
}

/** What a network is made of. */
export interface NetworkOptions {
  readonly interfaces: readonly string[] | undefined;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly ears: Ears;
}

/** All links of this machine, followed as interfaces come, go and change address. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #links = new Map<string, Link>();
  readonly #refused = new Map<string, string>();
  #looking: Promise<void> | undefined;
  #cancelLook: (() => void) | undefined;
  #loopbackOnly = false;
  /** Why the system does not list its interfaces. */
  #refusal: string | undefined;
  #closed = false;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** Links that could not be opened, with the reasons. */
  get refused(): readonly string[] {
    return [...this.#refused.values()];
  }

  /** The present link at the same place; undefined: there is none. */
  current({ place }: Link): Link | undefined {
    return this.#links.get(place.key);
  }

  /** Whether anything can be sent. */
  get usable(): boolean {
    return this.links.some(({ failure }) => failure === undefined);
  }

  /** Opens the available links, also repeatedly; rejects `UNAVAILABLE` where nothing can be sent. */
  async open(): Promise<void> {
    if (!this.usable) await this.#look();
    if (!this.usable) throw this.error();
  }

  /** The error when nothing can be sent: `UNAVAILABLE`, with the reasons. */
  error(): RegistryError {
    return noNetwork(this.reasons());
  }

  /** The reasons why no packet can be sent, with what to do. */
  reasons(): readonly string[] {
    const failed = this.links.flatMap(({ place, failure }) =>
      failure === undefined ? [] : [explain(`${place.interface} (IPv${place.family})`, failure)],
    );
    const reasons = [...failed, ...this.refused];
    if (reasons.length > 0) return reasons;
    if (this.#refusal !== undefined) return [this.#refusal];
    const wanted = this.#options.interfaces;
    return wanted === undefined
      ? ['no network interface is up, loopback included: bring one up']
      : [`no interface ${wanted.join(' or ')} is up: bring it up, or name another`];
  }

  /** Resolves when one link has sent all messages; rejects `UNAVAILABLE` when none could. */
  async send(packets: readonly Buffer[], how: 'tell' | 'ask' = 'tell', links?: readonly Link[]): Promise<void> {
    if (packets.length === 0) return;
    if ((await this.#try(packets, how, links ?? this.links)) || this.#closed) return;
    // An interface may just have been recreated. Then it gets new sockets, and nothing is lost.
    if (links === undefined) await this.#look();
    if (links === undefined && (await this.#try(packets, how, this.links))) return;
    if (this.usable) return;
    const error = this.error();
    this.#options.ears.down(error);
    throw error;
  }

  /** Whether a link has sent all messages. */
  #try(packets: readonly Buffer[], how: 'tell' | 'ask', links: readonly Link[]): Promise<boolean> {
    const sent = links.map((link) => Promise.all(packets.map((bytes) => link[how](bytes))));
    return Promise.any(sent).then(
      () => true,
      () => false,
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook?.();
    await this.#looking;
    await Promise.all(this.links.map((link) => link.close()));
    this.#links.clear();
  }

  #look(): Promise<void> {
    this.#looking ??= this.#follow().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #follow(): Promise<void> {
    this.#cancelLook?.();
    const before = this.usable;
    const { interfaces, refusal } = askInterfaces();
    this.#refusal = refusal;
    const places = placesOf(interfaces, this.#options.interfaces);
    this.#tellLoopback(places);
    const wanted = new Map(places.map((place) => [place.key, place]));
    this.#refused.clear();
    const gone = this.links.filter((link) => {
      const same = wanted.get(link.place.key)?.fingerprint === link.place.fingerprint;
      return !same || link.failure !== undefined || !link.joined;
    });
    for (const link of gone) this.#links.delete(link.place.key);
    await Promise.all(gone.map((link) => link.close()));
    await Promise.all(places.filter(({ key }) => !this.#links.has(key)).map((place) => this.#open(place)));
    if (this.#closed) return;
    this.#cancelLook = this.#options.clock.setTimer(lookMs, () => void this.#look());
    if (before && !this.usable) this.#options.ears.down(this.error());
  }

  #tellLoopback(places: readonly Place[]): void {
    const only = places.length > 0 && places.every(({ loopback }) => loopback);
    if (only && !this.#loopbackOnly && this.#options.interfaces === undefined)
      this.#options.logger?.warn(
        {},
        'mDNS: no network interface is up, so only programs of this machine are heard: connect one; it is used by itself',
      );
    this.#loopbackOnly = only;
  }

  async #open(place: Place): Promise<void> {
    const { ears, logger } = this.#options;
    try {
      const link: Link = await Link.open(
        place,
        (message, from, direct) => this.#hear(message, { link, from, direct }),
        () => void this.#look(),
      );
      if (this.#closed) return await link.close();
      this.#links.set(place.key, link);
      logger?.debug(
        { interface: place.interface, family: place.family, address: place.address },
        `mDNS: ${place.interface} (IPv${place.family}, ${place.address}) is in use`,
      );
      ears.up(link);
    } catch (error) {
      this.#refused.set(place.key, explain(`${place.interface} (IPv${place.family})`, error));
    }
  }

  #hear(message: Message, heard: Heard): void {
    // Our own questions come back, since the group includes this host.
    if (!message.response && this.#isOwn(heard.from)) return;
    try {
      this.#options.ears.message(message, heard);
    } catch (error) {
      this.#options.logger?.error(
        { error, from: heard.from },
        'mDNS: a packet could not be handled and is ignored; this is a defect of Rollcall, please report it',
      );
    }
  }

  #isOwn({ address, port }: Sender): boolean {
    const [bare] = address.split('%');
    return this.links.some((link) => link.place.address === bare && link.ownPort === port);
  }
}

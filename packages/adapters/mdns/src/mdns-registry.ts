import { randomBytes } from 'node:crypto';
import type { Capabilities, DeleteReason, Registry, RegistryError, SkippedSummary } from '@rollcall/core';
import {
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  entryKey,
  type Lease,
  type RegistryDriver,
  recipeOf,
  type WatchSink,
} from '@rollcall/core/adapter';
import { heldElsewhere, notOurs, toMdnsError } from './mdns-error.ts';
import { type MdnsOptions, mdnsCapabilities, parseSettings, type Settings } from './mdns-options.ts';
import { Watches } from './mdns-watch.ts';
import type { Link } from './network/link.ts';
import { type Heard, Network } from './network/network.ts';
import { OwnNodes } from './own/own-nodes.ts';
import { OtherNodes } from './seen/other-nodes.ts';
import type { Message } from './wire/message.ts';

/**
 * A registry on multicast DNS: the roll of a LAN, where every host keeps its own nodes.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bad option.
 */
export function mdns(options: MdnsOptions = {}): Registry {
  return createRegistry(new MdnsDriver(parseSettings(options)), options, recipeOf(import.meta.url, options));
}

/** The driver: joins the nodes of this process with those of other hosts. */
export class MdnsDriver implements RegistryDriver {
  readonly name = 'mdns';
  readonly optionNames: readonly (keyof MdnsOptions)[] = ['dnsSd', 'goMicro'];
  readonly capabilities: Capabilities = mdnsCapabilities;
  readonly toError: RegistryDriver['toError'] = toMdnsError;
  readonly #network: Network;
  readonly #own: OwnNodes;
  readonly #others: OtherNodes;
  readonly #watches = new Watches();

  constructor(settings: Settings) {
    const { interfaces, clock, logger } = settings;
    const network = new Network({ interfaces, clock, logger, ears: this.#ears() });
    const own = new OwnNodes({
      settings,
      owner: randomBytes(6).toString('hex'),
      network,
      takenElsewhere: (key) => this.#others.get(key) !== undefined,
      changed: (key, reason) => this.#ownChanged(key, reason),
    });
    this.#network = network;
    this.#own = own;
    this.#others = new OtherNodes({ settings, network, own, changed: (key, reason) => this.#changed(key, reason) });
  }

  connect(): Promise<void> {
    return this.#network.open();
  }

  async put(entries: readonly Entry[], lease: Lease | undefined, call: DriverCall): Promise<void> {
    await this.#network.open();
    await this.#own.put(entries, lease, call);
  }

  async renew(keys: readonly EntryKey[], lease: Lease | undefined): Promise<readonly EntryKey[]> {
    for (const key of keys) {
      const other = this.#own.get(key) === undefined ? this.#others.get(key) : undefined;
      if (other !== undefined) throw heldElsewhere(key, ` at ${other.from}`);
    }
    // The nodes are renewed even while nothing can be sent, so that they are announced when the link is back.
    const lost = await this.#own.renew(keys, lease);
    if (!this.#network.usable) throw this.#network.error();
    return lost;
  }

  async remove(keys: readonly EntryKey[], { signal }: DriverCall): Promise<void> {
    const own = keys.filter((key) => this.#own.get(key) !== undefined);
    const others = keys.filter((key) => this.#own.get(key) === undefined);
    const names = new Set(others.filter((key) => this.#others.get(key) === undefined).map(({ name }) => name));
    // The nodes are removed even while nothing can be sent, so that they are not announced when the link is back.
    await this.#own.remove(own);
    await this.#network.open();
    await Promise.all([...names].map((name) => this.#others.survey(name, signal)));
    for (const key of others) {
      const other = this.#others.get(key);
      if (other !== undefined) throw notOurs(key, ` at ${other.from}`);
    }
  }

  async read(name: string | undefined, { signal }: DriverCall): Promise<readonly Entry[]> {
    await this.#network.open();
    await this.#others.survey(name, signal);
    if (!this.#network.usable) throw this.#network.error();
    return this.#entries(name);
  }

  async watch(name: string | undefined, sink: WatchSink, { signal }: DriverCall): Promise<void> {
    await this.#network.open();
    const unwant = this.#others.want(name);
    const unsubscribe = this.#watches.subscribe(name, sink);
    try {
      // Tells nodes as answers arrive. After the time of the first questions the state at the start is complete.
      for (const entry of this.#entries(name)) sink.put(entry);
      await this.#others.survey(name, signal);
      sink.snapshot(this.#entries(name));
      await this.#watches.untilLost(signal);
    } finally {
      unsubscribe();
      unwant();
    }
  }

  get skipped(): SkippedSummary {
    return this.#others.skipped;
  }

  async close({ withdraw }: { readonly withdraw: readonly EntryKey[] }, { signal }: DriverCall): Promise<void> {
    try {
      await this.#own.close(withdraw, signal);
    } finally {
      this.#others.stop();
      await this.#network.close();
    }
  }

  #ears() {
    return {
      message: (message: Message, heard: Heard) => (message.response ? this.#others : this.#own).hear(message, heard),
      up: (link: Link) => {
        this.#own.up(link);
        this.#others.up(link);
      },
      down: (error: RegistryError) => {
        this.#others.down();
        this.#watches.lose(error);
      },
    };
  }

  #entries(name: string | undefined): Entry[] {
    const others = this.#others.entries(name).filter((entry) => this.#own.get(entryKey(entry)) === undefined);
    return [...this.#own.entries(name), ...others];
  }

  /** A node that this process took over no longer counts as a node of others. */
  #ownChanged(key: EntryKey, reason: DeleteReason): void {
    const own = this.#own.get(key);
    this.#others.forget([own?.dnsSd, own?.goMicro].flatMap((form) => (form === undefined ? [] : [form.instance])));
    this.#changed(key, reason);
  }

  /** Tells the watchers of a key its changed state. */
  #changed(key: EntryKey, reason: DeleteReason): void {
    const entry = this.#own.get(key)?.entry ?? this.#others.get(key)?.entry;
    this.#watches.tell(key, entry, reason);
  }
}

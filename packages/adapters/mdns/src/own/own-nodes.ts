import type { DeleteReason } from '@rollcall/core';
import type { DriverCall, Entry, EntryKey, Lease } from '@rollcall/core/adapter';
import { Forms } from '../mdns-mapping.ts';
import type { Settings } from '../mdns-options.ts';
import type { Link } from '../network/link.ts';
import type { Heard, Network } from '../network/network.ts';
import type { Pointer } from '../seen/browser.ts';
import type { Dialect } from '../seen/dialects.ts';
import type { Hearing } from '../seen/sighting.ts';
import type { Message, Question } from '../wire/message.ts';
import { Announcer } from './announcer.ts';
import { Prober } from './probe.ts';
import { Responder } from './responder.ts';
import { type Own, Zone } from './zone.ts';

/** What {@link OwnNodes} work with. */
export interface OwnNodesOptions {
  readonly settings: Settings;
  /** Marks our packets, also for other registries on this machine. */
  readonly owner: string;
  readonly network: Network;
  /** Whether another announcer of this node was heard. */
  readonly takenElsewhere: (key: EntryKey) => boolean;
  /** A node here is new, changed or gone. */
  readonly changed: (key: EntryKey, reason: DeleteReason) => void;
}

/** The nodes of one registry object, which is the authority for them: it announces them, answers for them, and defends them. */
export class OwnNodes {
  readonly forms: Forms;
  readonly #owner: string;
  readonly #zone: Zone;
  readonly #prober: Prober;
  readonly #announcer: Announcer;
  readonly #responder: Responder;

  constructor({ settings, owner, network, takenElsewhere, changed }: OwnNodesOptions) {
    const { clock, logger } = settings;
    const forms = new Forms(settings, owner);
    const zone = new Zone(forms);
    const prober = new Prober({ network, clock, forms, owner });
    this.forms = forms;
    this.#owner = owner;
    this.#zone = zone;
    this.#prober = prober;
    this.#announcer = new Announcer({ zone, prober, network, clock, logger, owner, takenElsewhere, changed });
    this.#responder = new Responder(zone, clock);
  }

  get(key: EntryKey): Own | undefined {
    return this.#zone.get(key);
  }

  /** Whether an instance, in any shape, belongs to a node here. */
  has(instance: string): boolean {
    return this.#zone.ofInstance(instance) !== undefined;
  }

  /** The own nodes of one service, or of all services when the name is undefined. */
  entries(name: string | undefined): Entry[] {
    const all = Array.from(this.#zone.all(), ({ entry }) => entry);
    return name === undefined ? all : all.filter((entry) => entry.name === name);
  }

  put(entries: readonly Entry[], lease: Lease | undefined, call: DriverCall): Promise<void> {
    return this.#announcer.put(entries, lease, call);
  }

  renew(keys: readonly EntryKey[], lease: Lease | undefined): Promise<readonly EntryKey[]> {
    return this.#announcer.renew(keys, lease);
  }

  remove(keys: readonly EntryKey[]): Promise<void> {
    return this.#announcer.remove(keys);
  }

  async close(withdraw: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    await this.#announcer.close(withdraw, signal);
    this.#responder.stop();
  }

  /** Announces our nodes on a link that is new or back. */
  up(link: Link): void {
    this.#announcer.up(link);
  }

  /** Takes a question, or a probe, from another host. */
  hear(message: Message, heard: Heard): void {
    this.#prober.hear(message);
    this.#responder.hear(message, heard);
  }

  /**
   * Whether an announcement must not be remembered: our own packets come back from the group, and another announcer of
   * a node of ours contests it.
   */
  refuses(instance: string, dialect: Dialect, txt: readonly Buffer[], { from }: Hearing): boolean {
    const own = this.#zone.ofInstance(instance);
    if (txt.length === 0) return own !== undefined;
    const owner = dialect.read(instance, txt, undefined)?.owner;
    if (owner === this.#owner) return true;
    if (this.#prober.holds(instance, from) && own === undefined) return false;
    // go-micro does not know conflicts, so it would never yield.
    if (own !== undefined) this.#announcer.contest(own, { owner, from, stubborn: dialect.direct });
    return own !== undefined;
  }

  /** Pointers to nodes here that answer a question. */
  pointers({ name }: Question): readonly Pointer[] {
    return [...this.#zone.ofPointer(name)].flatMap(({ dnsSd, goMicro }) =>
      [dnsSd, goMicro].flatMap((form): Pointer[] =>
        form?.pointers.includes(name) === true ? [{ type: 'PTR', name, ttl: 2 ** 31 - 1, data: form.instance }] : [],
      ),
    );
  }
}

import type { DriverCall, Entry, EntryKey, Lease, RegistryDriver } from '../adapter/driver.ts';
import { type LeaseMessage, leaseChannel } from '../diagnostics.ts';
import { RegistryError } from '../errors.ts';
import { entryKey, keyOf } from '../model/entry.ts';
import { toRegistryError } from './driver-error.ts';
import { Holdings } from './holdings.ts';

/** Put or renew: what `register` and `deregister` do once arguments, order and deadline are settled. */
export class Writes {
  readonly #driver: RegistryDriver;
  readonly #holdings = new Holdings();

  constructor(driver: RegistryDriver) {
    this.#driver = driver;
  }

  /**
   * Throws `RESOURCE_EXHAUSTED` for a node that is too large for this backend. A held node with the same content was
   * checked before.
   */
  checkSize(entries: readonly Entry[], lease: Lease | undefined): void {
    const { name: registry, capabilities } = this.#driver;
    for (const entry of entries) {
      if (this.#holdings.isRenewal(entry, lease)) continue;
      const bytes = Buffer.byteLength(JSON.stringify(entry));
      if (bytes <= capabilities.maxNodeBytes) continue;
      const message = `node ${entry.node.id} of ${entry.name} is ${bytes} bytes with its metadata and endpoints; ${registry} takes at most ${capabilities.maxNodeBytes}: shorten metadata or endpoints`;
      throw new RegistryError('RESOURCE_EXHAUSTED', message, { registry });
    }
  }

  async register(entries: readonly Entry[], lease: Lease | undefined, call: DriverCall): Promise<void> {
    const isSame = (entry: Entry): boolean => this.#holdings.isRenewal(entry, lease);
    // Changed content is preceded by a renewal too: a holder that has not heard of its loss must not take the node
    // back.
    const renewals = entries.filter((entry) => this.#holdings.isClaimed(entry));
    const lost = await this.#renew(renewals, lease, call);
    const puts = entries.filter((entry) => !isSame(entry) || lost.has(keyOf(entry.name, entry.node.id)));
    this.#holdings.regain(renewals);
    if (puts.length === 0) return;
    // Until the backend has acknowledged the write, the node may or may not be there.
    this.#holdings.hold(puts, lease, false);
    try {
      await this.#driver.put(puts, lease, call);
    } catch (error) {
      // Another object registered a node that the backend had lost.
      if (toRegistryError(this.#driver, error).code === 'CONFLICT')
        this.#holdings.lose(puts.map(entryKey).filter(({ name, id }) => lost.has(keyOf(name, id))));
      throw error;
    }
    this.#holdings.hold(puts, lease, true);
    this.#publish('written', puts.map(entryKey));
  }

  async deregister(keys: readonly EntryKey[], call: DriverCall): Promise<void> {
    await this.#driver.remove(keys, call);
    this.#holdings.drop(keys);
    this.#publish('withdrawn', keys);
  }

  /** The keys that `close` withdraws. */
  held(): readonly EntryKey[] {
    return this.#holdings.keys();
  }

  async #renew(entries: readonly Entry[], lease: Lease | undefined, call: DriverCall): Promise<ReadonlySet<string>> {
    if (entries.length === 0) return new Set();
    const keys = entries.map(entryKey);
    try {
      const lost = await this.#driver.renew(keys, lease, call);
      this.#publish('lost', lost);
      const lostKeys = new Set(lost.map(({ name, id }) => keyOf(name, id)));
      this.#publish(
        'renewed',
        keys.filter(({ name, id }) => !lostKeys.has(keyOf(name, id))),
      );
      return lostKeys;
    } catch (error) {
      if (toRegistryError(this.#driver, error).code === 'CONFLICT') {
        this.#holdings.lose(keys);
        this.#publish('conflict', keys);
      }
      throw error;
    }
  }

  #publish(event: LeaseMessage['event'], keys: readonly EntryKey[]): void {
    if (!leaseChannel.hasSubscribers) return;
    for (const key of keys) leaseChannel.publish({ registry: this.#driver.name, event, key });
  }
}

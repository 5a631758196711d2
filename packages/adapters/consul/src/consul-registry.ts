import { randomBytes } from 'node:crypto';
import type { Capabilities, Clock, Registry, SkippedSummary } from '@rollcall/core';
import {
  conflict,
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  entryKey,
  type Lease,
  type RegistryDriver,
  recipeOf,
  systemClock,
  type WatchSink,
  withDeadline,
} from '@rollcall/core/adapter';
import type { AgentLink, AgentRecord } from './agents/agent-link.ts';
import { type Agents, openAgents } from './agents/agents.ts';
import { allSettled } from './agents/all-settled.ts';
import { CatalogReader } from './catalog/catalog-reader.ts';
import { confirmWrites } from './catalog/confirm.ts';
import { Ledger } from './catalog/ledger.ts';
import { removeInstances } from './catalog/remove.ts';
import { anotherDatacenter, toConsulError, withoutNamespaces } from './consul-error.ts';
import { ownerOf, type Registration, serviceIdOf, toRegistration, withoutDoubles } from './consul-mapping.ts';
import {
  type ConsulOptions,
  type ConsulSettings,
  consulCapabilities,
  failoverAfterMs,
  parseSettings,
} from './consul-options.ts';
import { watchConsul } from './consul-watch.ts';

/**
 * A registry on a Consul cluster, through its agents.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for an invalid address, token or tag.
 */
export function consul(options: ConsulOptions = {}): Registry {
  return createRegistry(new ConsulDriver(options), options, recipeOf(import.meta.url, options));
}

class ConsulDriver implements RegistryDriver {
  readonly name = 'consul';
  readonly optionNames: readonly (keyof ConsulOptions)[] = ['datacenter', 'tls', 'tags'];
  readonly toError = toConsulError;
  readonly #settings: ConsulSettings;
  readonly #clock: Clock;
  readonly #owner = randomBytes(12).toString('hex');
  readonly #reader = new CatalogReader();
  readonly #ledger = new Ledger();
  #capabilities = consulCapabilities(false);
  /** Names (undefined: all) whose watch was lost, so that the next watch knows that it follows an outage. */
  readonly #lostWatches = new Set<string | undefined>();
  #opened: Agents | undefined;
  #writes = 0;

  constructor(options: ConsulOptions) {
    this.#settings = parseSettings(options);
    this.#clock = options.clock ?? systemClock;
  }

  get endpoints(): readonly string[] {
    return this.#settings.endpoints;
  }

  get skipped(): SkippedSummary {
    return this.#reader.skipped;
  }

  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  async connect({ signal }: DriverCall): Promise<void> {
    this.#opened ??= await openAgents(this.#settings, this.#clock);
    await this.#opened.untilWelcome(signal);
    await this.#opened.run(signal, async (link, bounded) => {
      await link.probe(bounded);
      const { enterprise } = await link.introduce(this.#settings.token(), bounded);
      if (this.#settings.namespace !== undefined && !enterprise) throw withoutNamespaces();
      this.#capabilities = consulCapabilities(enterprise);
    });
  }

  async put(entries: readonly Entry[], lease: Lease | undefined, call: DriverCall): Promise<void> {
    await this.#agents().run(call.signal, async (link, signal) => {
      await this.#refuseOtherDatacenter(link, signal);
      const written = entries.map((entry) => this.#author(entry, lease, link));
      await allSettled(written, async ({ registration }) => {
        await link.register(registration, signal);
        // Passes the check at once: a check that was never passed is critical after the agent's restart, although it
        // was registered as passing.
        await link.pass(registration.id, signal);
      });
      for (const name of new Set(entries.map((entry) => entry.name))) {
        const ours = written.filter(({ registration }) => registration.name === name);
        const writes = new Map(ours.map(({ registration, write }) => [registration.id, write]));
        await confirmWrites({ reader: this.#reader, link, name, logger: call.logger, signal }, writes);
      }
    });
  }

  async renew(keys: readonly EntryKey[], lease: Lease | undefined, call: DriverCall): Promise<readonly EntryKey[]> {
    return this.#agents().run(call.signal, async (link, signal) => {
      // An agent that is cut off accepts renewals that its servers do not see.
      const [records] = await Promise.all([this.#records(link, keys, signal), link.probe(signal)]);
      // A call that ends in `CONFLICT` must write nothing, so every node is checked before any is renewed.
      const ours = keys.filter((key, index) => {
        const record = records[index];
        if (record?.live !== true) return false;
        if (ownerOf(record.service) !== this.#owner) throw conflict('consul', key, 'another registry object');
        return this.#ledger.isAsWritten(key, { link, ttlMs: lease?.ttlMs, token: this.#settings.token() });
      });
      const kept = new Set<EntryKey>();
      await allSettled(ours, async (key) => {
        if (await link.pass(serviceIdOf(key), signal)) kept.add(key);
      });
      return keys.filter((key) => !kept.has(key));
    });
  }

  async remove(keys: readonly EntryKey[], call: DriverCall): Promise<void> {
    const { logger } = call;
    await this.#agents().run(call.signal, async (link, signal) => {
      await removeInstances({ link, keys, reader: this.#reader, token: this.#settings.token(), logger, signal });
      await allSettled(keys, (key) => this.#leaveOthers(key, link, signal));
    });
    this.#ledger.drop(keys);
  }

  async read(name: string | undefined, { logger, ...call }: DriverCall): Promise<readonly Entry[]> {
    return this.#agents().run(call.signal, async (link, signal) => {
      const names = name === undefined ? [...(await this.#reader.names(link, { signal })).names.keys()] : [name];
      const readings = await allSettled(names, (one) => this.#reader.read(link, one, { signal }, logger));
      const instances = withoutDoubles(readings.flatMap((reading) => reading.instances));
      return [...instances.values()].filter(({ live }) => live).map(({ entry }) => entry);
    });
  }

  async watch(name: string | undefined, sink: WatchSink, { signal, logger }: DriverCall): Promise<void> {
    const isAfterOutage = this.#lostWatches.delete(name);
    const context = { reader: this.#reader, clock: this.#clock, logger, sink, signal, isAfterOutage };
    try {
      await this.#agents().follow(signal, (link) => watchConsul(name, { ...context, link }));
    } catch (cause) {
      this.#lostWatches.add(name);
      throw cause;
    }
  }

  async close({ withdraw }: { readonly withdraw: readonly EntryKey[] }, { signal }: DriverCall): Promise<void> {
    try {
      await allSettled(withdraw, (key) => this.#withdraw(key, signal));
    } finally {
      this.#opened?.close();
    }
  }

  #agents(): Agents {
    if (this.#opened === undefined) throw new TypeError('a call before connect');
    return this.#opened;
  }

  /** The registration of an entry, noted before it is sent, because from then on it may be on the agent. */
  #author(entry: Entry, lease: Lease | undefined, link: AgentLink): { registration: Registration; write: string } {
    this.#writes += 1;
    const write = `${this.#writes}`;
    this.#ledger.note(entryKey(entry), { link, ttlMs: lease?.ttlMs, token: this.#settings.token() });
    const author = { owner: this.#owner, write, tags: this.#settings.tags };
    return { registration: toRegistration(entry, lease, author), write };
  }

  async #refuseOtherDatacenter(link: AgentLink, signal: AbortSignal): Promise<void> {
    const { datacenter, token } = this.#settings;
    if (datacenter === undefined) return;
    const own = (await link.introduce(token(), signal)).datacenter;
    if (own !== undefined && own !== datacenter) throw anotherDatacenter(datacenter, own);
  }

  #records(link: AgentLink, keys: readonly EntryKey[], signal: AbortSignal): Promise<(AgentRecord | undefined)[]> {
    return allSettled(keys, (key) => link.record(serviceIdOf(key), signal));
  }

  /** After a failover one of our entries may still be with an agent that calls no longer go to. */
  async #leaveOthers(key: EntryKey, link: AgentLink, signal: AbortSignal): Promise<void> {
    const others = this.#ledger.linksOf(key).filter((other) => other !== link);
    const reason = new Error('an agent that was left did not answer');
    const deadline = { clock: this.#clock, ms: failoverAfterMs, signal, reason };
    // On an agent that cannot be reached the node expires with its TTL.
    await Promise.allSettled(
      others.map((other) => withDeadline(deadline, (bounded) => this.#release(other, key, bounded))),
    );
  }

  async #withdraw(key: EntryKey, signal: AbortSignal): Promise<void> {
    await allSettled(this.#ledger.linksOf(key), (link) => this.#release(link, key, signal));
  }

  /** Removes an entry from an agent if this object still holds it. */
  async #release(link: AgentLink, key: EntryKey, signal: AbortSignal): Promise<void> {
    const serviceId = serviceIdOf(key);
    const record = await link.record(serviceId, signal);
    if (record !== undefined && ownerOf(record.service) === this.#owner) await link.deregister(serviceId, signal);
  }
}

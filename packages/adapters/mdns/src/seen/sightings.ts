/** The instances that other hosts announce, as entries. Pure in `now`, and bounded. */
import type { DeleteReason, SkippedEntry, SkippedSummary } from '@rollcall/core';
import { type Entry, sameEntry } from '@rollcall/core/adapter';
import { leastPatienceMs, maxNamed, maxRemembered } from '../mdns-options.ts';
import { lower, nameKey, type Rr } from '../wire/message.ts';
import { Agenda } from './agenda.ts';
import type { Dialect } from './dialects.ts';
import { endOf, type Life } from './life.ts';
import { type Packet, packetOf } from './packet.ts';
import { nextCheck, nextDoubt } from './refresh.ts';
import { Roll } from './roll.ts';
import { type Hearing, keyOfEntry, Sighting } from './sighting.ts';
import { Users } from './users.ts';

/** A question that is due. */
export interface Due {
  readonly sighting: Sighting;
  readonly unicast: boolean;
}

/** What a packet leaves open. */
export interface Open {
  /** Instances that the packet mentions without all their records, or that it contradicts. */
  readonly instances: readonly string[];
  /** Hosts whose addresses are needed. */
  readonly hosts: readonly string[];
}

/** What sightings need of the world. */
export interface SightingsOptions {
  /** The dialect that reads the name of an instance; undefined: none here. */
  readonly dialectOf: (instance: string) => Dialect | undefined;
  /** Whether an announcement must not be remembered: it is our own, or contests one of ours. */
  readonly refuses: (instance: string, dialect: Dialect, txt: readonly Buffer[], hearing: Hearing) => boolean;
  readonly watched: (name: string) => boolean;
  readonly changed: (entry: Entry, reason: DeleteReason) => void;
  /** An instance cannot be used. */
  readonly skipped?: ((instance: string, reason: string) => void) | undefined;
  readonly capacity?: number | undefined;
}

/** All heard instances of other announcers. */
export class Sightings {
  readonly #options: SightingsOptions;
  readonly #capacity: number;
  readonly #instances = new Map<string, Sighting>();
  readonly #roll = new Roll();
  readonly #users = new Users<Sighting>();
  readonly #agenda = new Agenda<Sighting>((sighting) => this.#has(sighting));

  constructor(options: SightingsOptions) {
    this.#options = options;
    this.#capacity = options.capacity ?? maxRemembered;
  }

  get size(): number {
    return this.#instances.size;
  }

  /** The number of checks, void ones included. */
  get pending(): number {
    return this.#agenda.length;
  }

  /** Instances that cannot be used now. */
  get skipped(): SkippedSummary {
    const all = [...this.#instances.values()].flatMap((sighting): SkippedEntry[] =>
      sighting.unusable === undefined ? [] : [{ key: sighting.instance, reason: sighting.unusable }],
    );
    return { count: all.length, examples: all.slice(0, maxNamed) };
  }

  /** Instances of a name; undefined: all, including those that cannot be read yet. */
  of(name: string | undefined): Iterable<Sighting> {
    return name === undefined ? this.#instances.values() : this.#roll.of(name);
  }

  /** The best known state of a node. */
  get(key: string): Sighting | undefined {
    return this.#roll.get(key);
  }

  entries(name: string | undefined): Entry[] {
    return this.#roll.entries(name);
  }

  /** Takes a packet in; returns the questions that it leaves open. */
  hear(hearing: Hearing): Open {
    const packet = packetOf(hearing.records);
    // Goodbyes come before the rest, which may say that the instance lives.
    this.#hearGoodbyes(packet, hearing.now);
    const taken = new Set<Sighting>();
    for (const rr of packet.facts) {
      const sighting = this.#take(rr, packet, hearing);
      if (sighting !== undefined) taken.add(sighting);
    }
    const { moved, contradicted } = this.#hearHosts(packet, hearing);
    for (const sighting of new Set([...taken, ...moved])) this.#read(sighting);
    const hosts = [...taken].flatMap(({ wantsHost, target }) => (wantsHost && target !== undefined ? [target] : []));
    return { instances: [...this.#unknown(packet), ...contradicted], hosts };
  }

  /** When the next check is. */
  nextAt(): number | undefined {
    return this.#agenda.nextAt();
  }

  /** Drops ended instances; returns the questions that are due. */
  check(now: number): Due[] {
    const due: Due[] = [];
    for (let next = this.#agenda.take(now); next !== undefined; next = this.#agenda.take(now)) {
      const { item: sighting, gone, unicast } = next;
      this.#tellSkipped(sighting);
      if (gone) {
        this.#forget(sighting, sighting.leaving?.reason ?? 'expired');
        continue;
      }
      sighting.asked += 1;
      due.push({ sighting, unicast });
      // A process that stood still for the whole TTL still gives the instance time to answer.
      this.#appoint(sighting, now + leastPatienceMs);
    }
    return due;
  }

  /** Plans the next questions for a name again, after its watchers have changed. */
  reconsider(name: string | undefined): void {
    for (const sighting of this.of(name)) if (sighting.leaving === undefined) this.#appoint(sighting);
  }

  /** Forgets an instance that this process has taken over. */
  forget(instance: string): void {
    const sighting = this.#instances.get(nameKey(instance));
    if (sighting !== undefined) this.#forget(sighting, 'unknown');
  }

  #has(sighting: Sighting): boolean {
    return this.#instances.get(nameKey(sighting.instance)) === sighting;
  }

  #hearGoodbyes({ goodbyes }: Packet, now: number): void {
    for (const { instance, reason } of goodbyes) {
      const sighting = this.#instances.get(nameKey(instance));
      if (sighting === undefined || sighting.leaving !== undefined) continue;
      sighting.leaving = { at: now, reason };
      sighting.asked = 0;
      this.#appoint(sighting);
    }
  }

  /** Takes addresses that came without an SRV. Returns the instances whose address changed, and those to ask again. */
  #hearHosts({ hosts, withSrv }: Packet, hearing: Hearing) {
    const moved: Sighting[] = [];
    const contradicted: string[] = [];
    for (const [host, records] of hosts)
      for (const sighting of this.#users.of(host)) {
        if (withSrv.has(nameKey(sighting.instance))) continue;
        const { life } = sighting;
        if (sighting.takeHost(records, hearing)) moved.push(sighting);
        if (sighting.contradicts(records)) contradicted.push(sighting.instance);
        if (sighting.life.heardAt !== life.heardAt) this.#extended(sighting, life);
      }
    return { moved, contradicted };
  }

  /** Instances that pointers name, and of which nothing more was heard. */
  #unknown({ named }: Packet): string[] {
    return named.filter(
      (instance) =>
        this.#options.dialectOf(instance) !== undefined && this.#instances.get(nameKey(instance))?.complete !== true,
    );
  }

  #take(rr: Rr & { readonly type: 'SRV' | 'TXT' }, { hosts }: Packet, hearing: Hearing): Sighting | undefined {
    const { refuses, dialectOf } = this.#options;
    const dialect = dialectOf(rr.name);
    if (dialect === undefined) return undefined;
    // Packets from other hosts cannot change a node of this process.
    if (refuses(rr.name, dialect, rr.type === 'TXT' ? rr.data : [], hearing)) return undefined;
    const sighting = this.#instances.get(nameKey(rr.name)) ?? this.#meet(rr.name, dialect, hearing);
    const { life, target } = sighting;
    if (rr.type === 'TXT') sighting.takeTxt(rr, hearing);
    else {
      sighting.takeSrv(rr, hosts.get(lower(rr.data.target)) ?? [], hearing);
      this.#users.move(sighting, target, sighting.target);
    }
    if (sighting.leaving !== undefined) sighting.asked = 0;
    sighting.leaving = undefined;
    this.#extended(sighting, life);
    return sighting;
  }

  /** If the instance's records now live longer than before, the questions about it start again from the first. */
  #extended(sighting: Sighting, before: Life): void {
    if (sighting.life.heardAt > before.heardAt || endOf(sighting.life) > endOf(before)) sighting.asked = 0;
    if (sighting.leaving === undefined) this.#appoint(sighting);
  }

  #meet(instance: string, dialect: Dialect, hearing: Hearing): Sighting {
    const sighting = new Sighting(instance, dialect, hearing);
    if (this.#instances.size >= this.#capacity) {
      const [oldest] = this.#instances.values();
      if (oldest !== undefined) this.#forget(oldest, 'unknown');
    }
    this.#instances.set(nameKey(instance), sighting);
    return sighting;
  }

  #appoint(sighting: Sighting, notBefore = 0): void {
    const { leaving, asked, life } = sighting;
    const watched = sighting.reading?.silent !== true && this.#options.watched(sighting.entry?.name ?? '');
    const check = leaving === undefined ? nextCheck(life.ttlMs, asked, watched, Math.random()) : nextDoubt(asked);
    const at = Math.max(notBefore, (leaving?.at ?? life.heardAt) + check.afterMs);
    this.#agenda.appoint(sighting, at, check, this.#instances.size);
  }

  /** Reads what the records of the instance say now. */
  #read(sighting: Sighting): void {
    if (!this.#has(sighting)) return;
    const { entry: before, life } = sighting;
    const reading = sighting.read();
    const after = reading?.entry;
    this.#roll.remove(sighting);
    const same = before !== undefined && after !== undefined && sameEntry(before, after);
    sighting.reading = reading === undefined || !same ? reading : { ...reading, entry: before };
    this.#roll.add(sighting);
    // Only now is it known which records of the instance count, and whether the instance is watched.
    if (!same || endOf(sighting.life) !== endOf(life)) this.#extended(sighting, life);
    // An instance without an address may still get one.
    if (reading === undefined) this.#tellSkipped(sighting);
    if (same) return;
    if (before !== undefined && (after === undefined || keyOfEntry(before) !== keyOfEntry(after)))
      this.#options.changed(before, 'unknown');
    if (after !== undefined) this.#options.changed(after, 'unknown');
  }

  #tellSkipped({ instance, unusable }: Sighting): void {
    if (unusable !== undefined) this.#options.skipped?.(instance, unusable);
  }

  #forget(sighting: Sighting, reason: DeleteReason): void {
    this.#instances.delete(nameKey(sighting.instance));
    this.#users.move(sighting, sighting.target, undefined);
    this.#roll.remove(sighting);
    sighting.turn += 1;
    if (sighting.entry !== undefined) this.#options.changed(sighting.entry, reason);
  }
}

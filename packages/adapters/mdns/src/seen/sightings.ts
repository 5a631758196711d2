/** What others announce: pure in `now`, bounded, told of as entries. */
import type { DeleteReason } from '@rollcall/core';
import { type Entry, sameEntry } from '@rollcall/core/adapter';
import TinyQueue from 'tinyqueue';
import { maxRemembered } from '../mdns-options.ts';
import type { Link } from '../network/link.ts';
import { saysExpired } from '../wire/dns-sd.ts';
import { lower, nameKey, type Rr } from '../wire/message.ts';
import { Addresses } from './addresses.ts';
import type { Dialect } from './dialects.ts';
import { nextCheck, nextDoubt } from './refresh.ts';
import { keyOfEntry, Roll, type Sighting } from './roll.ts';

interface Appointment {
  readonly at: number;
  readonly sighting: Sighting;
  readonly turn: number;
  readonly gone: boolean;
  readonly unicast: boolean;
}

/** What came in one packet. */
export interface Hearing {
  readonly records: readonly Rr[];
  readonly link: Link;
  readonly from: string;
  /** Its TTLs may have been cut short for askers without a cache: they extend, and never shorten. */
  readonly direct: boolean;
  readonly now: number;
}

/** A question that is due. */
export interface Due {
  readonly sighting: Sighting;
  readonly unicast: boolean;
}

/** What sightings need of the world. */
export interface SightingsOptions {
  /** Who reads the name of an instance; undefined: nobody here. */
  readonly dialectOf: (instance: string) => Dialect | undefined;
  /** Whether an announcement is not to be remembered: it is our own, or contests one of ours. */
  readonly refuses: (instance: string, dialect: Dialect, txt: readonly Buffer[], hearing: Hearing) => boolean;
  readonly watched: (name: string) => boolean;
  readonly changed: (entry: Entry, reason: DeleteReason) => void;
  readonly capacity?: number | undefined;
}

/** All instances of other announcers that were heard. */
export class Sightings {
  readonly #options: SightingsOptions;
  readonly #capacity: number;
  readonly #instances = new Map<string, Sighting>();
  readonly #roll = new Roll();
  readonly #addresses: Addresses<Sighting>;
  #agenda = new TinyQueue<Appointment>([], (a, b) => a.at - b.at);

  constructor(options: SightingsOptions) {
    this.#options = options;
    this.#capacity = options.capacity ?? maxRemembered;
    this.#addresses = new Addresses(this.#capacity);
  }

  get size(): number {
    return this.#instances.size;
  }

  /** Checks that are kept, void ones included. */
  get pending(): number {
    return this.#agenda.length;
  }

  /** Instances of a name; undefined: all, those included that cannot be read yet. */
  of(name: string | undefined): Iterable<Sighting> {
    return name === undefined ? this.#instances.values() : this.#roll.of(name);
  }

  /** The best that is known of a node. */
  get(key: string): Sighting | undefined {
    return this.#roll.get(key);
  }

  entries(name: string | undefined): Entry[] {
    return this.#roll.entries(name);
  }

  /** Takes in a packet. Addresses first, whatever their order: the rest is read with them. */
  hear(hearing: Hearing): void {
    const touched = new Set<Sighting>();
    for (const rr of hearing.records)
      if ((rr.type === 'A' || rr.type === 'AAAA') && rr.ttl > 0)
        for (const user of this.#addresses.learn(lower(rr.name), rr.type, rr.data)) touched.add(user);
    const expired = new Set(
      hearing.records.flatMap((rr) =>
        rr.type === 'TXT' && rr.ttl === 0 && saysExpired(rr.data) ? [nameKey(rr.name)] : [],
      ),
    );
    for (const rr of hearing.records) {
      if (rr.type !== 'SRV' && rr.type !== 'TXT') continue;
      const sighting = rr.ttl === 0 ? this.#leave(rr.name, expired, hearing.now) : this.#take(rr, hearing);
      if (sighting !== undefined) touched.add(sighting);
    }
    for (const sighting of touched) this.#read(sighting);
  }

  /** Instances that pointers name and nobody has told more of. */
  unknown(records: readonly Rr[]): string[] {
    return records.flatMap((rr) => {
      if (rr.type !== 'PTR' || rr.ttl === 0 || this.#options.dialectOf(rr.data) === undefined) return [];
      const known = this.#instances.get(nameKey(rr.data));
      return known?.srv !== undefined && known.txt !== undefined ? [] : [rr.data];
    });
  }

  /** When the next check is. */
  nextAt(): number | undefined {
    for (let next = this.#agenda.peek(); next !== undefined; next = this.#agenda.peek()) {
      if (next.turn === next.sighting.turn && this.#has(next.sighting)) return next.at;
      this.#agenda.pop();
    }
    return undefined;
  }

  /** Drops what has gone by now; answers what is to be asked. */
  check(now: number): Due[] {
    const due: Due[] = [];
    for (let at = this.nextAt(); at !== undefined && at <= now; at = this.nextAt()) {
      const { sighting, gone, unicast } = this.#agenda.pop() as Appointment;
      if (gone) {
        this.#forget(sighting, sighting.leaving?.reason ?? 'expired');
        continue;
      }
      sighting.asked += 1;
      due.push({ sighting, unicast });
      this.#appoint(sighting);
    }
    return due;
  }

  /** Whether somebody watches a name has changed. */
  reconsider(name: string | undefined): void {
    for (const sighting of this.of(name)) if (sighting.leaving === undefined) this.#appoint(sighting);
  }

  /** An instance has become ours. */
  forget(instance: string): void {
    const sighting = this.#instances.get(nameKey(instance));
    if (sighting !== undefined) this.#forget(sighting, 'unknown');
  }

  #has(sighting: Sighting): boolean {
    return this.#instances.get(nameKey(sighting.instance)) === sighting;
  }

  #take(rr: Rr & { readonly type: 'SRV' | 'TXT' }, hearing: Hearing): Sighting | undefined {
    const { refuses, dialectOf } = this.#options;
    const dialect = dialectOf(rr.name);
    if (dialect === undefined) return undefined;
    if (rr.type === 'TXT' && refuses(rr.name, dialect, rr.data, hearing)) return undefined;
    // Of a node of ours nothing else is believed either.
    if (rr.type === 'SRV' && refuses(rr.name, dialect, [], hearing)) return undefined;
    const sighting = this.#instances.get(nameKey(rr.name)) ?? this.#meet(rr.name, dialect, hearing);
    const { now, link, from, direct } = hearing;
    const until = now + rr.ttl * 1_000;
    // SRV and TXT come together; the later decides.
    if (!direct || until > sighting.heardAt + sighting.ttlMs) {
      sighting.ttlMs = rr.ttl * 1_000;
      sighting.heardAt = now;
    }
    sighting.link = link;
    sighting.from = from;
    sighting.asked = 0;
    sighting.leaving = undefined;
    if (rr.type === 'TXT') sighting.txt = rr.data;
    else {
      this.#addresses.leave(sighting.srv?.target, sighting);
      sighting.srv = { target: lower(rr.data.target), port: rr.data.port };
      this.#addresses.use(sighting.srv.target, sighting);
    }
    this.#appoint(sighting);
    return sighting;
  }

  #meet(instance: string, dialect: Dialect, { link, from, now }: Hearing): Sighting {
    const fresh = { srv: undefined, txt: undefined, reading: undefined, entry: undefined, leaving: undefined };
    const sighting: Sighting = { ...fresh, instance, dialect, link, from, ttlMs: 0, heardAt: now, asked: 0, turn: 0 };
    if (this.#instances.size >= this.#capacity) {
      const [oldest] = this.#instances.values();
      if (oldest !== undefined) this.#forget(oldest, 'unknown');
    }
    this.#instances.set(nameKey(instance), sighting);
    return sighting;
  }

  #leave(instance: string, expired: ReadonlySet<string>, now: number): Sighting | undefined {
    const sighting = this.#instances.get(nameKey(instance));
    if (sighting === undefined || sighting.leaving !== undefined) return undefined;
    sighting.leaving = { at: now, reason: expired.has(nameKey(instance)) ? 'expired' : 'deregistered' };
    sighting.asked = 0;
    this.#appoint(sighting);
    return undefined;
  }

  #appoint(sighting: Sighting): void {
    const { leaving, ttlMs, heardAt, asked } = sighting;
    const watched = sighting.reading?.silent !== true && this.#options.watched(sighting.entry?.name ?? '');
    const { afterMs, gone, unicast } =
      leaving === undefined ? nextCheck(ttlMs, asked, watched, Math.random()) : nextDoubt(asked);
    sighting.turn += 1;
    this.#agenda.push({ at: (leaving?.at ?? heardAt) + afterMs, sighting, turn: sighting.turn, gone, unicast });
    // Void appointments of what is heard again and again must not pile up.
    if (this.#agenda.length > 64 + 4 * this.#instances.size) this.#tidy();
  }

  #tidy(): void {
    const valid = this.#agenda.data.filter(({ sighting, turn }) => turn === sighting.turn && this.#has(sighting));
    this.#agenda = new TinyQueue(valid, (a, b) => a.at - b.at);
  }

  /** What its records say now. */
  #read(sighting: Sighting): void {
    const { dialect, instance, srv, txt, entry: before } = sighting;
    if (!this.#has(sighting) || txt === undefined) return;
    const host = srv === undefined ? undefined : this.#addresses.of(srv.target);
    sighting.reading = dialect.read(
      instance,
      txt,
      srv === undefined || host === undefined ? undefined : `${host}:${srv.port}`,
    );
    const after = sighting.reading?.entry;
    if (before !== undefined && after !== undefined && sameEntry(before, after)) return;
    this.#roll.remove(sighting);
    sighting.entry = after;
    this.#roll.add(sighting);
    if (before !== undefined && (after === undefined || keyOfEntry(before) !== keyOfEntry(after)))
      this.#options.changed(before, 'unknown');
    if (after !== undefined) this.#options.changed(after, 'unknown');
    // Whether somebody watches it can be told only now.
    if (sighting.leaving === undefined) this.#appoint(sighting);
  }

  #forget(sighting: Sighting, reason: DeleteReason): void {
    this.#instances.delete(nameKey(sighting.instance));
    this.#addresses.leave(sighting.srv?.target, sighting);
    this.#roll.remove(sighting);
    sighting.turn += 1;
    if (sighting.entry !== undefined) this.#options.changed(sighting.entry, reason);
  }
}

import type { Clock, DeleteReason, Logger } from '@rollcall/core';
import {
  type DriverCall,
  type Entry,
  type EntryKey,
  entryKey,
  keyOf,
  type Lease,
  LeaseTable,
  onAbort,
  pause,
} from '@rollcall/core/adapter';
import { contested, givenUp, noForm, noGoMicroForm } from '../mdns-error.ts';
import { type Form, goodbye, withPointers } from '../mdns-mapping.ts';
import { announceIntervalMs, goodbyeRepeatMs } from '../mdns-options.ts';
import type { Link } from '../network/link.ts';
import type { Network } from '../network/network.ts';
import { type Group, packResponses, type Rr } from '../wire/message.ts';
import type { Prober } from './probe.ts';
import { Withdrawn } from './withdrawn.ts';
import { announce, type Own, ttlOf, type Zone } from './zone.ts';

/** What an announcer works with. */
export interface AnnouncerOptions {
  readonly zone: Zone;
  readonly prober: Prober;
  readonly network: Network;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly owner: string;
  /** Whether another announcer of this node was heard. */
  readonly takenElsewhere: (key: EntryKey) => boolean;
  /** A node here is new, changed or gone. */
  readonly changed: (key: EntryKey, reason: DeleteReason) => void;
}

/** Another announcer of a node of ours. */
export interface Rival {
  /** The registry object; undefined: another program. */
  readonly owner: string | undefined;
  readonly from: string;
  /** Whether the other program never yields in a conflict. */
  readonly stubborn: boolean;
}

/**
 * Brings nodes up, keeps their leases, and takes them down: the writing side of a roll whose nodes exist only in their
 * announcers.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #leases = new LeaseTable<EntryKey>();
  readonly #timers = new Set<() => void>();
  readonly #defendedAt = new Map<string, number>();
  readonly #withdrawn = new Withdrawn();
  readonly #stop = new AbortController();
  #cancelLease = (): void => {};

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Probes new nodes, then announces; a change of an announced node needs no probe (RFC 6762, 8.4). */
  async put(entries: readonly Entry[], lease: Lease | undefined, { signal }: DriverCall): Promise<void> {
    const { zone, clock, changed } = this.#options;
    for (const entry of entries)
      if (zone.forms.dnsSd(entry) === undefined && zone.forms.goMicro(entry) === undefined)
        throw noForm(entryKey(entry));
    const fresh = entries.filter((entry) => zone.get(entryKey(entry)) === undefined && !this.#wasOurs(entryKey(entry)));
    if (fresh.length > 0) await this.#probe(fresh, signal);
    const owns = entries.map((entry) => announce(zone.forms, entry, lease, clock.now()));
    for (const own of owns) {
      const key = entryKey(own.entry);
      this.#tellFormless(own);
      zone.put(own);
      this.#lease(key, lease);
      changed(key, 'unknown');
    }
    await this.#announce(owns);
  }

  /**
   * Extends the leases of nodes that are announced here, and returns the other entries. A renewal sends no packet,
   * unless other hosts were told a lease that ends later than the new one.
   */
  async renew(keys: readonly EntryKey[], lease: Lease | undefined): Promise<readonly EntryKey[]> {
    const { zone, clock } = this.#options;
    const shortened: Own[] = [];
    for (const key of keys) {
      const own = zone.get(key);
      if (own === undefined) continue;
      own.endsAt = lease === undefined ? undefined : clock.now() + lease.ttlMs;
      this.#lease(key, lease);
      if (own.endsAt !== undefined && own.toldUntil > own.endsAt + 1_000) shortened.push(own);
    }
    for (const own of shortened) own.toldUntil = 0;
    if (shortened.length > 0) await this.#announce(shortened);
    return keys.filter((key) => zone.get(key) === undefined);
  }

  /** Logs once per node, not at each change. */
  #tellFormless({ entry, goMicro }: Own): void {
    const { zone, logger } = this.#options;
    const key = entryKey(entry);
    const before = zone.get(key);
    if (!zone.forms.inGoMicro || goMicro !== undefined || (before !== undefined && before.goMicro === undefined))
      return;
    logger?.warn({ name: key.name, id: key.id }, noGoMicroForm(key));
  }

  /** Probes for the nodes, until the call or this object ends. */
  async #probe(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    const either = new AbortController();
    const stops = [signal, this.#stop.signal].map((one) => onAbort(one, () => either.abort(one.reason)));
    try {
      await this.#options.prober.probe(entries, either.signal);
    } finally {
      for (const stop of stops) stop();
    }
  }

  /** Says goodbye twice; resolves after the first. */
  async remove(keys: readonly EntryKey[]): Promise<void> {
    const gone = this.#drop(keys, 'deregistered');
    await this.#bye(gone, false);
    this.#later(goodbyeRepeatMs, () => void this.#bye(gone, false));
  }

  /** Withdraws everything and stops; resolves after the second goodbye. */
  async close(withdraw: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    this.#stop.abort();
    const gone = this.#drop(withdraw, 'deregistered');
    for (const cancel of this.#timers) cancel();
    this.#cancelLease();
    if (gone.length === 0) return;
    await this.#bye(gone, false);
    await pause(this.#options.clock, goodbyeRepeatMs, signal);
    await this.#bye(gone, false);
  }

  /** Announces our nodes on a link that is new or back. Its hosts do not know them. */
  up(link: Link): void {
    const all = [...this.#options.zone.all()];
    if (all.length > 0) void this.#announce(all, [link]).catch(() => {});
  }

  /**
   * Another registry answers for a node of this one. The registry whose name comes later keeps the node, and logs it;
   * the two never fight silently.
   */
  contest(own: Own, { owner, from, stubborn }: Rival): void {
    const { clock, logger } = this.#options;
    const key = entryKey(own.entry);
    const id = keyOf(key.name, key.id);
    const now = clock.now();
    if ((this.#defendedAt.get(id) ?? Number.NEGATIVE_INFINITY) + announceIntervalMs > now) return;
    this.#defendedAt.set(id, now);
    logger?.warn({ name: key.name, id: key.id, from }, contested(key));
    // A program that is not a registry follows the RFC: it sees our answer and takes another name.
    if (owner === undefined ? !stubborn : owner < this.#options.owner) void this.#announce([own]).catch(() => {});
    else void this.#yield(own);
  }

  /** Probes again, and gives the node up if its other holder answers. */
  async #yield(own: Own): Promise<void> {
    const { prober, zone, logger, changed } = this.#options;
    const key = entryKey(own.entry);
    try {
      await prober.probe([own.entry], this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted || zone.get(key) !== own) return;
      logger?.error({ error }, givenUp(key));
      zone.remove(key);
      this.#leases.delete(keyOf(key.name, key.id));
      changed(key, 'unknown');
    }
  }

  #lease(key: EntryKey, lease: Lease | undefined): void {
    const id = keyOf(key.name, key.id);
    if (lease === undefined) this.#leases.delete(id);
    else this.#leases.set(id, key, lease.ttlMs, this.#options.clock.now());
    this.#schedule();
  }

  #schedule(): void {
    const { clock } = this.#options;
    this.#cancelLease();
    const deadline = this.#leases.nextDeadline();
    if (deadline === undefined || this.#stop.signal.aborted) return;
    this.#cancelLease = clock.setTimer(deadline - clock.now(), () => {
      const gone = this.#drop(this.#leases.expire(clock.now()), 'expired');
      void this.#bye(gone, true);
      this.#later(goodbyeRepeatMs, () => void this.#bye(gone, true));
      this.#schedule();
    });
  }

  /** Whether this process withdrew the node a moment ago and knows no other holder. Then it needs no probe. */
  #wasOurs(key: EntryKey): boolean {
    const { clock, takenElsewhere } = this.#options;
    return this.#withdrawn.has(key, clock.now()) && !takenElsewhere(key);
  }

  #drop(keys: readonly EntryKey[], reason: DeleteReason): readonly Own[] {
    const { zone, changed, clock } = this.#options;
    return keys.flatMap((key) => {
      const own = zone.remove(key);
      this.#leases.delete(keyOf(key.name, key.id));
      this.#defendedAt.delete(keyOf(key.name, key.id));
      if (own === undefined) return [];
      this.#withdrawn.note(key, clock.now());
      changed(key, reason);
      return [own];
    });
  }

  /** Sends now, and once more a second later. */
  async #announce(owns: readonly Own[], links?: readonly Link[]): Promise<void> {
    this.#later(announceIntervalMs, () => void this.#tell(this.#still(owns), links).catch(() => {}));
    await this.#tell(owns, links);
  }

  #tell(owns: readonly Own[], links?: readonly Link[]): Promise<void> {
    const { network, clock } = this.#options;
    const now = clock.now();
    const groups = owns.flatMap((own) => {
      const ttl = ttlOf(own, now);
      return groupsOf(
        own,
        (form) => withPointers(form, ttl),
        (form) => form.records(ttl),
      );
    });
    return network.send(packResponses(groups), 'tell', links);
  }

  #still(owns: readonly Own[]): readonly Own[] {
    return owns.filter((own) => this.#options.zone.get(entryKey(own.entry)) === own);
  }

  /** Ignores goodbyes that could not be sent; the records expire with their TTL. */
  async #bye(owns: readonly Own[], expired: boolean): Promise<void> {
    const { zone, network } = this.#options;
    // A node that was registered again meanwhile must not be withdrawn.
    const gone = owns.filter((own) => zone.get(entryKey(own.entry)) === undefined);
    const groups = gone.flatMap((own) =>
      groupsOf(
        own,
        (form) => goodbye(form, expired),
        (form) => form.records(0),
      ),
    );
    await network.send(packResponses(groups)).catch(() => {});
  }

  #later(ms: number, act: () => void): void {
    if (this.#stop.signal.aborted) return;
    const cancel = this.#options.clock.setTimer(ms, () => {
      this.#timers.delete(cancel);
      act();
    });
    this.#timers.add(cancel);
  }
}

/** The records of a node, in each of its shapes. */
function groupsOf(
  { dnsSd, goMicro }: Own,
  inDnsSd: (form: Form) => readonly Rr[],
  inGoMicro: (form: Form) => readonly Rr[],
): readonly Group[] {
  return [
    ...(dnsSd === undefined ? [] : [{ alone: false, records: inDnsSd(dnsSd) }]),
    ...(goMicro === undefined ? [] : [{ alone: true, records: inGoMicro(goMicro) }]),
  ];
}

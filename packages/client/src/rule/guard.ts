/** The mass-loss guard: which removals are believed, and which nodes are held as suspects instead. Pure in `now`. */
import type { DeleteReason } from '@rollcall/core';
import { fewestLost, lossWindowMs, newcomerMs } from '../defaults.ts';
import type { NodeState } from './node-state.ts';

/** A node that the registry removed and has not listed again. */
export interface Departure {
  readonly state: NodeState;
  readonly reason: DeleteReason;
  readonly atMs: number;
  /** `gone`: the node was held first, and then given up. */
  standing: 'believed' | 'held' | 'gone';
}

/** The limits of {@link GuardOptions} that decide what is held. */
export interface GuardLimits {
  readonly share: number;
  readonly anyReasonShare: number;
}

/** What the guard needs to know of the nodes that are still listed. */
export interface Listing {
  readonly listed: number;
  /** How many listed nodes were listed before the window. */
  readonly settled: number;
  /** How many listed nodes were first listed within the last 300 s. */
  readonly newcomers: number;
}

/** What to do about a removal; both lists are in the order of removal. */
export interface Verdict {
  readonly held: readonly Departure[];
  readonly believed: readonly Departure[];
  /** Nodes whose removal was believed earlier in the window, and that are held after all. */
  readonly recalled: readonly Departure[];
}

/** Remembers departures for five minutes, since a newcomer stands in for only one departed node. */
export class MassLossGuard {
  readonly #limits: GuardLimits | undefined;
  readonly #departures = new Map<string, Departure>();

  /** Without limits every removal is believed. */
  constructor(limits: GuardLimits | undefined) {
    this.#limits = limits;
  }

  /** Judges nodes that were just removed. `listing` no longer has them. */
  judge(
    removed: readonly { readonly state: NodeState; readonly reason: DeleteReason }[],
    listing: Listing,
    nowMs: number,
  ): Verdict {
    this.#forget(nowMs);
    const fresh = removed.map(({ state, reason }): Departure => ({ state, reason, atMs: nowMs, standing: 'believed' }));
    const earlier = [...this.#departures.values()];
    for (const departure of fresh) this.#departures.set(departure.state.id, departure);
    const holds = this.#rule(listing, nowMs);
    const hold = (departure: Departure): boolean => departure.standing === 'believed' && holds(departure);
    const held = fresh.filter(hold);
    const isRecent = ({ atMs }: Departure): boolean => nowMs - atMs < lossWindowMs;
    const recalled = earlier.filter((departure) => isRecent(departure) && hold(departure));
    const believed = fresh.filter((departure) => !held.includes(departure));
    for (const departure of [...held, ...recalled]) departure.standing = 'held';
    return { held, believed, recalled };
  }

  /** Forgets the departure of a node that is listed again. Returns its state. */
  returned(id: string): NodeState | undefined {
    const departure = this.#departures.get(id);
    this.#departures.delete(id);
    return departure?.state;
  }

  /** Counts a suspect as gone. */
  gone(id: string): void {
    const departure = this.#departures.get(id);
    if (departure !== undefined) departure.standing = 'gone';
  }

  #rule({ listed, settled, newcomers }: Listing, nowMs: number): (departure: Departure) => boolean {
    const limits = this.#limits;
    if (limits === undefined) return () => false;
    const all = [...this.#departures.values()];
    const isLost = ({ atMs, standing }: Departure): boolean => standing === 'held' || nowMs - atMs < lossWindowMs;
    const window = all.filter(isLost);
    // Newcomers that stood in for an earlier departure are used up.
    const cover = Math.max(0, newcomers - (all.length - window.length));
    const undeclared = window.filter(({ reason }) => reason !== 'deregistered').length;
    const declared = window.length - undeclared;
    const lost = window.length - cover;
    const lostUndeclared = undeclared - Math.max(0, cover - declared);
    const size = settled + window.length;
    if (lost < Math.min(fewestLost, size)) return () => false;
    if (listed === 0 || lost >= limits.anyReasonShare * size) return () => true;
    if (lostUndeclared > 0 && lostUndeclared >= limits.share * size) return ({ reason }) => reason !== 'deregistered';
    return () => false;
  }

  #forget(nowMs: number): void {
    for (const [id, { atMs, standing }] of this.#departures)
      if (standing !== 'held' && nowMs - atMs >= newcomerMs) this.#departures.delete(id);
  }
}

import { recentMs } from './constants.ts';
import { Fifo, type Queued } from './fifo.ts';
import { isOnTime, lateAfterMs, type Member, type Ref } from './member.ts';

/** A clean cancel that found no newcomer: it uses up the next one that registers within 300 s. */
export interface Cancel extends Ref, Queued {
  readonly key: string;
  /** The instance in whose record the cancel is written down. */
  id: string;
  readonly at: number;
}

/**
 * One application: its newcomers, its departed instances, and which newcomer stands in for which, one for one. Each
 * event is O(1).
 */
export class Application {
  /** The application's name. Its members share the string. */
  readonly service: string;
  /** The application's listed instances, by id. */
  readonly members: Map<string, Member> = new Map();
  /** Unused newcomers that are on time, in the order of their registration. */
  readonly #newcomers = new Fifo<Member>();
  /** Silent or evicted instances without a newcomer, in the order in which they fell silent. */
  readonly #departed = new Fifo<Member>();
  readonly #cancels = new Fifo<Cancel>();
  readonly #touch: (member: Member) => void;

  /** `touch` is called for each instance whose remembered state changes. */
  constructor(service: string, touch: (member: Member) => void) {
    this.service = service;
    this.#touch = touch;
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.#departed.size === 0 && this.#cancels.size === 0;
  }

  /** A newcomer registered. Returns the cancel that uses it up, or the instance that it replaces. */
  arrived(newcomer: Member): { readonly cancel?: Cancel | undefined; readonly replaced?: Member | undefined } {
    const cancel = this.#cancels.shift();
    if (cancel !== undefined) return { cancel };
    // Every departed instance fell silent before this moment.
    const replaced = this.#departed.shift();
    if (replaced === undefined) this.#add(newcomer);
    else pair(replaced, newcomer);
    if (replaced !== undefined) this.#touch(replaced);
    return { replaced };
  }

  /** An instance fell late. A newcomer replaces it at once, if one can stand in. */
  departed(member: Member, now: number): void {
    // A newcomer that falls late before it is used replaces no instance.
    this.#newcomers.delete(member);
    const newcomer = this.#take((candidate) => standsIn(candidate, member), now);
    if (newcomer === undefined) this.#departed.add(member);
    else pair(member, newcomer);
    this.#touch(member);
  }

  /**
   * A silent instance renewed, or an evicted one registered, so it needs no newcomer. Its newcomer is free again for an
   * instance that falls silent later, but not for those that are silent already, since they are about to return as
   * well.
   */
  returned(member: Member): void {
    this.forget(member);
    this.#touch(member);
    const newcomer = member.replacedBy;
    if (newcomer === undefined) return;
    member.replacedBy = undefined;
    newcomer.standsInFor = undefined;
    if (isOnTime(newcomer)) this.#add(newcomer);
  }

  /**
   * A clean cancel uses up an unused newcomer of the last 300 s. Without one it returns true: it will use up the next
   * newcomer within 300 s.
   */
  cancelled(member: Member, cancel: Cancel, now: number): boolean {
    this.forget(member);
    this.#newcomers.delete(member);
    if (this.#take(({ registeredAt }) => registeredAt >= now - recentMs, now) !== undefined) return false;
    this.#cancels.add(cancel);
    return true;
  }

  /** Forgets a cancel that has waited 300 s for a newcomer. */
  forgetCancel(cancel: Cancel): void {
    this.#cancels.delete(cancel);
  }

  /** Whether the member is a newcomer that stands in for no instance yet. */
  isUnused(member: Member): boolean {
    return this.#newcomers.has(member);
  }

  /** Restores a member as it was when the server stopped. Call this in the order of `registeredAt`. */
  restore(member: Member, isUnused: boolean): void {
    if (isUnused && isOnTime(member)) this.#newcomers.add(member);
  }

  /** Restores instances without a newcomer, in the order in which they fell silent. */
  restoreDeparted(member: Member): void {
    this.#departed.add(member);
  }

  /** Restores a cancel that waits for a newcomer. */
  restoreCancel(cancel: Cancel): void {
    this.#cancels.add(cancel);
  }

  /** The departed instance no longer waits for a newcomer. */
  forget(member: Member): void {
    this.#departed.delete(member);
  }

  #add(newcomer: Member): void {
    this.#touch(newcomer);
    this.#newcomers.add(newcomer, ({ registeredAt }) => registeredAt <= newcomer.registeredAt);
  }

  /**
   * The oldest newcomer if it can stand in, otherwise the youngest. If any newcomer can stand in, the youngest can, so
   * none is missed. The oldest can stand in for the fewest instances, so they are used first.
   */
  #take(serves: (newcomer: Member) => boolean, now: number): Member | undefined {
    for (let { first } = this.#newcomers; first !== undefined && isStale(first, now); first = this.#newcomers.first) {
      this.#newcomers.delete(first);
      this.#touch(first);
    }
    const newcomer = [this.#newcomers.first, this.#newcomers.last].find(
      (candidate) => candidate !== undefined && serves(candidate),
    );
    if (newcomer === undefined) return undefined;
    this.#newcomers.delete(newcomer);
    this.#touch(newcomer);
    return newcomer;
  }
}

/** `newcomer` stands in for `member`. */
export function pair(member: Member, newcomer: Member): void {
  member.replacedBy = newcomer;
  if (member.state === 'listed' || member.standsInFor !== undefined) newcomer.standsInFor = member;
}

/**
 * An instance left. If no listed instance depends on it, those after it in the chain forget it, so that an application
 * that is deployed for years does not keep all its departed instances.
 */
export function unchain(member: Member): void {
  for (
    let gone = member;
    gone.state !== 'listed' && gone.standsInFor === undefined && gone.replacedBy !== undefined;
  ) {
    gone = gone.replacedBy;
    gone.standsInFor = undefined;
  }
}

/**
 * Whether the newcomer registered after the last renewal of the departed instance; or, in a surge deploy, shortly
 * before it, if the departed instance had been listed for long.
 */
function standsIn(newcomer: Member, departed: Member): boolean {
  const after = newcomer.registeredAt - departed.since;
  return after > 0 || (-after <= recentMs && newcomer.registeredAt - departed.registeredAt >= recentMs);
}

/**
 * Whether a newcomer is too old to stand in for any instance that falls late from now on, if all leases of its
 * application are alike.
 */
const isStale = (newcomer: Member, now: number): boolean =>
  newcomer.registeredAt < now - 2 * (recentMs + lateAfterMs(newcomer));

import { recentMs } from './constants.ts';
import { isMissing, type Member } from './member.ts';

/** One application: who came new and who left, and who stands in for whom, one for one. */
export class Replacements {
  /** Unused newcomers that are on time, the oldest first. */
  readonly #newcomers: Member[] = [];
  /** Missing ones without a newcomer, the longest silent first. */
  readonly #departed: Member[] = [];
  /** Clean cancels that found no newcomer: the next one within 300 s is theirs. */
  readonly #cancels: number[] = [];

  /** An id that is neither listed nor was struck off lately. Answers whom it replaces. */
  arrived(newcomer: Member, now: number): Member | undefined {
    while ((this.#cancels[0] ?? now) < now - recentMs) this.#cancels.shift();
    if (this.#cancels.shift() !== undefined) return undefined;
    const index = this.#departed.findIndex((member) => isMissing(member) && standsIn(newcomer, member));
    if (index < 0) {
      this.#newcomers.push(newcomer);
      return undefined;
    }
    const [member] = this.#departed.splice(index, 1);
    return member === undefined ? undefined : this.#pair(member, newcomer);
  }

  /** One fell late. Answers it when a newcomer stands in. */
  departed(member: Member, now: number): Member | undefined {
    // A newcomer that falls late before it is used serves nobody.
    this.#dropNewcomer(member);
    this.#trim(now);
    const newcomer = this.#newcomers.find((candidate) => standsIn(candidate, member));
    if (newcomer === undefined) {
      this.#departed.push(member);
      return undefined;
    }
    this.#dropNewcomer(newcomer);
    return this.#pair(member, newcomer);
  }

  /** A silent one renewed, or a struck off one registered: it needs nobody, and its newcomer is free again. */
  returned(member: Member): void {
    this.forget(member);
    const newcomer = member.replacedBy;
    member.replacedBy = undefined;
    if (newcomer === undefined || newcomer.late || newcomer.evictedAt !== undefined) return;
    this.#newcomers.push(newcomer);
  }

  /** A clean cancel uses up the oldest unused newcomer of the last 300 s, else the next within 300 s. */
  cancelled(member: Member, now: number): void {
    this.forget(member);
    this.#dropNewcomer(member);
    this.#trim(now);
    if (this.#newcomers.shift() === undefined) this.#cancels.push(now);
  }

  /** It counts no longer. */
  forget(member: Member): void {
    const index = this.#departed.indexOf(member);
    if (index >= 0) this.#departed.splice(index, 1);
  }

  #pair(member: Member, newcomer: Member): Member {
    member.replacedBy = newcomer;
    return member;
  }

  #dropNewcomer(member: Member): void {
    const index = this.#newcomers.indexOf(member);
    if (index >= 0) this.#newcomers.splice(index, 1);
  }

  /** One older than 300 s can stand in for nobody who renewed since, nor be used by a cancel. */
  #trim(now: number): void {
    while ((this.#newcomers[0]?.registeredAt ?? now) < now - 2 * recentMs) this.#newcomers.shift();
  }
}

/** After the last renewal of the departed; or in a surge deploy shortly before it, of one that had been there for long. */
function standsIn(newcomer: Member, departed: Member): boolean {
  if (newcomer === departed) return false;
  const after = newcomer.registeredAt - departed.lastRenewal;
  if (after > 0) return true;
  return -after <= recentMs && newcomer.registeredAt - departed.registeredAt >= recentMs;
}

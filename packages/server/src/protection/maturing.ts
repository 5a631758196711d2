import { DeadlineQueue } from '@rollcall/core/adapter';
import { type Member, maturesAfterMs } from './member.ts';

/** The members with one renew interval, in the order in which they registered. */
interface Line {
  readonly afterMs: number;
  members: Member[];
  /** Index of the first member that waits. */
  first: number;
}

/** The array is cut when this many of its first places are empty. */
const cutAt = 1_024;

/**
 * Members that have not been registered for long enough to count in N. Each waits once, and costs one place of an
 * array. A member that leaves, or gets another interval, keeps its place until its time has come, and is then passed
 * over.
 */
export class MaturingMembers {
  readonly #lines = new Map<number, Line>();
  readonly #ends = new DeadlineQueue<Line>();

  /** A time before which no member matures; infinite: none waits. */
  get nextDeadline(): number {
    return this.#ends.firstAt ?? Number.POSITIVE_INFINITY;
  }

  /** Lets the member wait, unless it waits already or has matured. */
  add(member: Member): void {
    if (member.mature || member.isMaturing) return;
    member.isMaturing = true;
    const afterMs = maturesAfterMs(member);
    const line = this.#lines.get(afterMs) ?? { afterMs, members: [], first: 0 };
    line.members.push(member);
    if (line.members.length > 1) return;
    this.#lines.set(afterMs, line);
    this.#ends.set(line, member.registeredAt + afterMs);
  }

  /** The members that have been registered for long enough now. */
  expire(now: number): readonly Member[] {
    const due: Member[] = [];
    for (let line = this.#ends.first; line !== undefined && this.nextDeadline <= now; line = this.#ends.first) {
      const { members, first, afterMs } = line;
      const member = members[first];
      if (member === undefined) {
        this.#ends.delete(line);
        this.#lines.delete(afterMs);
      } else if (member.registeredAt + afterMs > now) this.#ends.set(line, member.registeredAt + afterMs);
      else {
        line.first += 1;
        if (line.first >= cutAt) {
          line.members = members.slice(line.first);
          line.first = 0;
        }
        if (member.isMaturing) due.push(member);
        member.isMaturing = false;
      }
    }
    return due;
  }
}

import { DeadlineQueue } from '@rollcall/core/adapter';

/** An item of {@link TimedLists}. It carries its own links, so that moving it needs no look-up and no memory. */
export interface Timed {
  /** The list in which the item waits; undefined: none. An item waits in at most one set of lists. */
  list: TimedList | undefined;
  /** When the time of the item started, in milliseconds of the monotonic clock. */
  since: number;
  previous: Timed | undefined;
  next: Timed | undefined;
}

/** The items with one duration, in the order of their starts: the head is the first whose time is over. */
interface TimedList {
  readonly afterMs: number;
  /** A time that is not later than the end of the head. */
  endsAt: number;
  head: Timed | undefined;
  tail: Timed | undefined;
}

/**
 * Deadlines, pure in `now` (milliseconds that never go back): a linked list per distinct duration, and a heap of the
 * lists. Restarting a time is O(1) and allocates nothing. For each list the heap holds a time that is not later than
 * its first deadline, and looks again when that time has come. So a renewal of the head moves nothing in the heap.
 */
export class TimedLists<T extends Timed> {
  readonly #lists = new Map<number, TimedList>();
  readonly #ends = new DeadlineQueue<TimedList>();

  /** Starts or restarts an item's time, which is over `afterMs` after `since`. */
  set(item: T, afterMs: number, since: number): void {
    const { list } = item;
    if (list !== undefined) unlink(list, item);
    const next = list?.afterMs === afterMs ? list : this.#listOf(afterMs);
    item.since = since;
    append(next, item);
    if (since + afterMs < next.endsAt) this.#order(next, since + afterMs);
  }

  delete(item: T): void {
    const { list } = item;
    if (list === undefined) return;
    unlink(list, item);
    item.list = undefined;
  }

  /** Takes out all items whose time is over (`since + afterMs <= now`), earliest end first. */
  expire(now: number): T[] {
    const expired: T[] = [];
    for (let { first } = this.#ends; first !== undefined && first.endsAt <= now; first = this.#ends.first) {
      const { head } = first;
      if (head === undefined) {
        this.#ends.delete(first);
        this.#lists.delete(first.afterMs);
      } else if (head.since + first.afterMs > first.endsAt) this.#order(first, head.since + first.afterMs);
      else {
        this.delete(head as T);
        expired.push(head as T);
      }
    }
    return expired;
  }

  /**
   * A time before which no deadline comes; undefined when no item waits. At that time {@link TimedLists.expire} may
   * still find nothing.
   */
  nextDeadline(): number | undefined {
    return this.#ends.firstAt;
  }

  #listOf(afterMs: number): TimedList {
    const known = this.#lists.get(afterMs);
    if (known !== undefined) return known;
    const list: TimedList = { afterMs, endsAt: Number.POSITIVE_INFINITY, head: undefined, tail: undefined };
    this.#lists.set(afterMs, list);
    return list;
  }

  #order(list: TimedList, endsAt: number): void {
    list.endsAt = endsAt;
    this.#ends.set(list, endsAt);
  }
}

function append(list: TimedList, item: Timed): void {
  item.list = list;
  item.previous = list.tail;
  item.next = undefined;
  if (list.tail === undefined) list.head = item;
  else list.tail.next = item;
  list.tail = item;
}

function unlink(list: TimedList, item: Timed): void {
  if (item.previous === undefined) list.head = item.next;
  else item.previous.next = item.next;
  if (item.next === undefined) list.tail = item.previous;
  else item.next.previous = item.previous;
}

import { DeadlineQueue } from '@rollcall/core/adapter';

/** What can wait in {@link TimedLists}: it carries its own links, so that moving it costs neither a look-up nor memory. */
export interface Timed {
  /** The list in which it waits; undefined: it waits for nothing. It waits in one set of lists at most. */
  list: TimedList | undefined;
  /** When its time began. */
  since: number;
  previous: Timed | undefined;
  next: Timed | undefined;
}

/** All that wait for equally long, in the order in which their times began: the head is the first whose time is over. */
interface TimedList {
  readonly afterMs: number;
  /** Not later than the end of the head. */
  endsAt: number;
  head: Timed | undefined;
  tail: Timed | undefined;
}

/**
 * Deadlines, pure in `now` (milliseconds that never go back): a linked list per distinct duration, and a heap of the lists.
 * To begin a time anew is O(1) and allocates nothing. The heap knows for each list a moment that is not later than its
 * first deadline, and looks again when that has come: so a renewal of the head moves nothing in it.
 */
export class TimedLists<T extends Timed> {
  readonly #lists = new Map<number, TimedList>();
  readonly #ends = new DeadlineQueue<TimedList>();

  /** Begins its time, maybe anew: it is over `afterMs` after `since`. */
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

  /** Takes out all whose time is over (`since + afterMs <= now`), oldest end first. */
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

  /** No deadline comes before it; undefined when none waits. {@link TimedLists.expire} may find nothing yet when it has come. */
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

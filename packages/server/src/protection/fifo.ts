/** An item of a {@link Fifo}. It carries its own links, so that waiting needs no further memory. */
export interface Queued {
  /** The queue in which the item waits; undefined: none. An item is in at most one queue. */
  queue: object | undefined;
  queuedBefore: Queued | undefined;
  queuedAfter: Queued | undefined;
}

/** A queue that any item can leave in O(1). A `Set` is too slow: each look at its head skips the deleted entries again. */
export class Fifo<T extends Queued> {
  #head: Queued | undefined;
  #tail: Queued | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(item: T): boolean {
    return item.queue === this;
  }

  get first(): T | undefined {
    return this.#head as T | undefined;
  }

  get last(): T | undefined {
    return this.#tail as T | undefined;
  }

  /** Adds an item, which is in no queue, at the tail, or behind the last item for which `isBefore` holds. */
  add(item: T, isBefore: (other: T) => boolean = () => true): void {
    let previous = this.#tail;
    while (previous !== undefined && !isBefore(previous as T)) previous = previous.queuedBefore;
    const next = previous === undefined ? this.#head : previous.queuedAfter;
    item.queue = this;
    item.queuedBefore = previous;
    item.queuedAfter = next;
    if (previous === undefined) this.#head = item;
    else previous.queuedAfter = item;
    if (next === undefined) this.#tail = item;
    else next.queuedBefore = item;
    this.#size += 1;
  }

  shift(): T | undefined {
    const item = this.first;
    if (item !== undefined) this.delete(item);
    return item;
  }

  delete(item: T): boolean {
    if (item.queue !== this) return false;
    const { queuedBefore: previous, queuedAfter: next } = item;
    if (previous === undefined) this.#head = next;
    else previous.queuedAfter = next;
    if (next === undefined) this.#tail = previous;
    else next.queuedBefore = previous;
    item.queue = undefined;
    item.queuedBefore = undefined;
    item.queuedAfter = undefined;
    this.#size -= 1;
    return true;
  }
}

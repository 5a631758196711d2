interface Link<T> {
  readonly item: T;
  previous: Link<T> | undefined;
  next: Link<T> | undefined;
}

/** A queue that any item can leave in O(1). A `Set` is too slow: each look at its head skips the deleted entries again. */
export class Fifo<T> {
  readonly #links = new Map<T, Link<T>>();
  #head: Link<T> | undefined;
  #tail: Link<T> | undefined;

  get size(): number {
    return this.#links.size;
  }

  has(item: T): boolean {
    return this.#links.has(item);
  }

  get first(): T | undefined {
    return this.#head?.item;
  }

  get last(): T | undefined {
    return this.#tail?.item;
  }

  /** Adds an item at the tail, or behind the last item for which `isBefore` holds. An item is in a queue at most once. */
  add(item: T, isBefore: (other: T) => boolean = () => true): void {
    let previous = this.#tail;
    while (previous !== undefined && !isBefore(previous.item)) previous = previous.previous;
    const next = previous === undefined ? this.#head : previous.next;
    const link: Link<T> = { item, previous, next };
    this.#links.set(item, link);
    if (previous === undefined) this.#head = link;
    else previous.next = link;
    if (next === undefined) this.#tail = link;
    else next.previous = link;
  }

  shift(): T | undefined {
    const item = this.first;
    if (item !== undefined) this.delete(item);
    return item;
  }

  delete(item: T): boolean {
    const link = this.#links.get(item);
    if (link === undefined) return false;
    this.#links.delete(item);
    if (link.previous === undefined) this.#head = link.next;
    else link.previous.next = link.next;
    if (link.next === undefined) this.#tail = link.previous;
    else link.next.previous = link.previous;
    return true;
  }
}

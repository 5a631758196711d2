interface Slot<T> {
  readonly item: T;
  at: number;
  index: number;
}

/** Items by deadline (a binary heap): setting, moving and removing one is O(log n), looking at the first O(1). */
export class DeadlineQueue<T> {
  readonly #slots = new Map<T, Slot<T>>();
  readonly #heap: Slot<T>[] = [];

  /** How many deadlines are pending. */
  get size(): number {
    return this.#heap.length;
  }

  /** The item with the earliest deadline. */
  get first(): T | undefined {
    return this.#heap[0]?.item;
  }

  /** The earliest deadline; undefined when the queue is empty. */
  get firstAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  /** Adds an item, or moves its deadline. */
  set(item: T, at: number): void {
    const known = this.#slots.get(item);
    if (known === undefined) {
      const slot: Slot<T> = { item, at, index: this.#heap.length };
      this.#slots.set(item, slot);
      this.#heap.push(slot);
      this.#rise(slot);
      return;
    }
    if (known.at === at) return;
    const later = at > known.at;
    known.at = at;
    if (later) this.#sink(known);
    else this.#rise(known);
  }

  /** Forgets a deadline. Returns whether there was one. */
  delete(item: T): boolean {
    const slot = this.#slots.get(item);
    if (slot === undefined) return false;
    this.#slots.delete(item);
    const last = this.#heap.pop();
    if (last !== undefined && last !== slot) {
      this.#place(last, slot.index);
      this.#rise(last);
      this.#sink(last);
    }
    return true;
  }

  /** Takes out every item whose deadline has come (`at <= now`), earliest first. */
  takeDue(now: number): T[] {
    const due: T[] = [];
    for (let slot = this.#heap[0]; slot !== undefined && slot.at <= now; slot = this.#heap[0]) {
      this.delete(slot.item);
      due.push(slot.item);
    }
    return due;
  }

  #rise(slot: Slot<T>): void {
    while (slot.index > 0) {
      const parent = this.#heap[(slot.index - 1) >> 1] as Slot<T>;
      if (parent.at <= slot.at) return;
      this.#swap(parent, slot);
    }
  }

  #sink(slot: Slot<T>): void {
    for (;;) {
      const left = this.#heap[2 * slot.index + 1];
      const right = this.#heap[2 * slot.index + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= slot.at) return;
      this.#swap(slot, child);
    }
  }

  #swap(a: Slot<T>, b: Slot<T>): void {
    const { index } = a;
    this.#place(a, b.index);
    this.#place(b, index);
  }

  #place(slot: Slot<T>, index: number): void {
    slot.index = index;
    this.#heap[index] = slot;
  }
}

/** Handles that are counted one after another share a page. */
const pageSize = 32;

interface Page<T> {
  readonly items: (T | undefined)[];
  size: number;
}

/**
 * Items by numbers that count up and are never given twice. A `Map` takes sixty bytes for each entry; pages of
 * neighbouring numbers take a sixth of that. A page goes when its last item goes, so that a past crowd leaves nothing
 * behind.
 */
export class HandleTable<T> {
  readonly #pages = new Map<number, Page<T>>();

  get(count: number): T | undefined {
    return this.#pages.get(Math.floor(count / pageSize))?.items[count % pageSize];
  }

  set(count: number, item: T): void {
    const number = Math.floor(count / pageSize);
    const page = this.#pages.get(number) ?? { items: new Array<T | undefined>(pageSize).fill(undefined), size: 0 };
    if (page.size === 0) this.#pages.set(number, page);
    if (page.items[count % pageSize] === undefined) page.size += 1;
    page.items[count % pageSize] = item;
  }

  delete(count: number): void {
    const number = Math.floor(count / pageSize);
    const page = this.#pages.get(number);
    if (page?.items[count % pageSize] === undefined) return;
    page.items[count % pageSize] = undefined;
    page.size -= 1;
    if (page.size === 0) this.#pages.delete(number);
  }
}

import TinyQueue from 'tinyqueue';
import type { Check } from './refresh.ts';

/** An item with checks. Only the last appointed check counts: its number equals the item's turn. */
export interface Item {
  turn: number;
}

/** A check that is due. */
export interface Appointment<T extends Item> extends Omit<Check, 'afterMs'> {
  readonly at: number;
  readonly item: T;
  readonly turn: number;
}

/** Checks in the order of time, at most one valid check per item. */
export class Agenda<T extends Item> {
  readonly #isKnown: (item: T) => boolean;
  #queue: TinyQueue<Appointment<T>>;

  /** `isKnown`: whether an item is still to be checked. */
  constructor(isKnown: (item: T) => boolean) {
    this.#isKnown = isKnown;
    this.#queue = new TinyQueue<Appointment<T>>([], byTime);
  }

  /** The number of checks, void ones included. */
  get length(): number {
    return this.#queue.length;
  }

  /** Appoints a check in place of the item's last one. `items`: the number of items. */
  appoint(item: T, at: number, { gone, unicast }: Omit<Check, 'afterMs'>, items: number): void {
    item.turn += 1;
    this.#queue.push({ at, item, turn: item.turn, gone, unicast });
    // Void checks of instances that are heard again and again must not pile up.
    if (this.#queue.length > 64 + 4 * items)
      this.#queue = new TinyQueue(this.#queue.data.filter(this.#isValid), byTime);
  }

  /** When the next check is. */
  nextAt(): number | undefined {
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (this.#isValid(next)) return next.at;
      this.#queue.pop();
    }
    return undefined;
  }

  /** Takes the next check out, if it is due by now. */
  take(now: number): Appointment<T> | undefined {
    const at = this.nextAt();
    return at === undefined || at > now ? undefined : this.#queue.pop();
  }

  readonly #isValid = ({ item, turn }: Appointment<T>): boolean => turn === item.turn && this.#isKnown(item);
}

const byTime = (a: Appointment<Item>, b: Appointment<Item>): number => a.at - b.at;

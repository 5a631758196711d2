/** The handle by which a registration is renewed and withdrawn. */
export interface HeldHandle {
  readonly handle: number;
  /** The secret of the handle, from a server with lease secrets. */
  readonly secret: string | undefined;
}

/** The lower part of a handle counts up; the upper part is random per epoch of the server. */
const perEpoch = 2 ** 32;

interface Held {
  /** The numbers of three registers: the last sent, the one sent before it, and the last answered. */
  sent: number;
  sentBefore: number;
  answered: number;
  handle: HeldHandle | undefined;
}

/**
 * The handles that one server gave. Registers of one node may cross on the way, and an answer may be lost. Each
 * register makes the earlier handle worthless, so a refused renewal may only mean that our own later register arrived
 * first.
 */
export class HeldHandles {
  readonly #held = new Map<string, Held>();
  #count = 0;

  find(key: string): HeldHandle | undefined {
    return this.#held.get(key)?.handle;
  }

  /** Notes nodes that are about to be registered; returns the number of that register. */
  sent(keys: readonly string[]): number {
    this.#count += 1;
    for (const key of keys) {
      const held = this.#held.get(key) ?? { sent: 0, sentBefore: 0, answered: 0, handle: undefined };
      held.sentBefore = held.sent;
      held.sent = this.#count;
      this.#held.set(key, held);
    }
    return this.#count;
  }

  /** Notes the handle in the answer to a register. `register`: its number. */
  answered(key: string, register: number, handle: HeldHandle): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.answered = Math.max(held.answered, register);
    // Within an epoch, the server gave the larger handle last.
    if (held.handle !== undefined && isOlder(handle, held.handle)) return;
    held.handle = handle;
  }

  /** Notes that the server refused a register, and so wrote none of its nodes. `register`: its number. */
  refused(keys: readonly string[], register: number): void {
    for (const key of keys) {
      const held = this.#held.get(key);
      if (held?.sent === register) held.sent = held.sentBefore;
    }
  }

  /** Forgets the handle, by which the node was withdrawn. */
  delete(key: string): void {
    const held = this.#held.get(key);
    if (held !== undefined) held.handle = undefined;
  }

  /** Whether the server may hold the node under a handle whose answer was lost. */
  isUnanswered(key: string): boolean {
    const held = this.#held.get(key);
    return held !== undefined && held.sent > held.answered;
  }
}

const isOlder = ({ handle }: HeldHandle, { handle: other }: HeldHandle): boolean =>
  Math.floor(handle / perEpoch) === Math.floor(other / perEpoch) && handle < other;

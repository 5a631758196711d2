/** By what a registration is renewed and withdrawn. */
export interface HeldHandle {
  readonly handle: number;
  /** Of a server with lease secrets. */
  readonly secret: string | undefined;
}

/** Handles count up below it; above it they are random per epoch of the server. */
const perEpoch = 2 ** 32;

interface Held {
  /** The number of the last register that was sent, of the one before, and of the last one that was answered. */
  sent: number;
  sentBefore: number;
  answered: number;
  handle: HeldHandle | undefined;
}

/**
 * The handles that one server gave. Registers of one node may cross on the way, and the answer of one may be lost: each
 * makes the handle of the one before it worthless, so a refused renewal may only mean that our own register came after it.
 */
export class HeldHandles {
  readonly #held = new Map<string, Held>();
  #count = 0;

  find(key: string): HeldHandle | undefined {
    return this.#held.get(key)?.handle;
  }

  /** These are about to be registered; answers the number of that register. */
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

  /** The register of that number gave the handle. */
  answered(key: string, register: number, handle: HeldHandle): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.answered = Math.max(held.answered, register);
    // The server gave the larger one of an epoch last.
    if (held.handle !== undefined && isOlder(handle, held.handle)) return;
    held.handle = handle;
  }

  /** The register of that number was refused: nothing of it was written. */
  refused(keys: readonly string[], register: number): void {
    for (const key of keys) {
      const held = this.#held.get(key);
      if (held?.sent === register) held.sent = held.sentBefore;
    }
  }

  /** It was withdrawn by the handle. */
  delete(key: string): void {
    const held = this.#held.get(key);
    if (held !== undefined) held.handle = undefined;
  }

  /** The server may hold it under a handle that was never heard. */
  isUnanswered(key: string): boolean {
    const held = this.#held.get(key);
    return held !== undefined && held.sent > held.answered;
  }
}

const isOlder = ({ handle }: HeldHandle, { handle: other }: HeldHandle): boolean =>
  Math.floor(handle / perEpoch) === Math.floor(other / perEpoch) && handle < other;

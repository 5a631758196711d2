import type { DeleteReason, RegistryError } from '@rollcall/core';
import { type Entry, type EntryKey, onAbort, type WatchSink } from '@rollcall/core/adapter';

type Subscriber = Pick<WatchSink, 'put' | 'remove'>;

/** The subscribers to changes. All of them hear when nothing can be sent any more. */
export class Watches {
  readonly #subscribers = new Map<string | undefined, Set<Subscriber>>();
  readonly #losers = new Set<(error: RegistryError) => void>();

  subscribe(name: string | undefined, subscriber: Subscriber): () => void {
    const group = this.#subscribers.get(name) ?? new Set();
    this.#subscribers.set(name, group.add(subscriber));
    return () => {
      group.delete(subscriber);
      if (group.size === 0) this.#subscribers.delete(name);
    };
  }

  /** Tells the subscribers of a node its present state; `undefined`: the node is gone. */
  tell(key: EntryKey, entry: Entry | undefined, reason: DeleteReason): void {
    for (const wanted of [key.name, undefined])
      for (const subscriber of this.#subscribers.get(wanted) ?? []) {
        if (entry === undefined) subscriber.remove(key, reason);
        else subscriber.put(entry);
      }
  }

  lose(error: RegistryError): void {
    for (const lose of [...this.#losers]) lose(error);
  }

  /** Resolves with the signal, rejects with {@link Watches.lose}. */
  untilLost(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const lose = (error: RegistryError): void => {
        stop();
        this.#losers.delete(lose);
        reject(error);
      };
      this.#losers.add(lose);
      const stop = onAbort(signal, () => {
        this.#losers.delete(lose);
        resolve();
      });
    });
  }
}

import type { ClientEvents } from '../contract.ts';

type Listener<K extends keyof ClientEvents> = (...args: ClientEvents[K]) => void;

/** The listeners of a client. A listener that throws must not break a call, so its error is reported instead. */
export class Listeners {
  readonly #byEvent = new Map<keyof ClientEvents, Set<(...args: never) => void>>();
  readonly #report: (event: keyof ClientEvents, error: unknown) => void;

  constructor(report: (event: keyof ClientEvents, error: unknown) => void) {
    this.#report = report;
  }

  /** Returns a function that stops the listening. */
  on<K extends keyof ClientEvents>(event: K, listener: Listener<K>): () => void {
    const listeners = this.#byEvent.get(event) ?? new Set();
    this.#byEvent.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  has(event: keyof ClientEvents): boolean {
    return (this.#byEvent.get(event)?.size ?? 0) > 0;
  }

  emit<K extends keyof ClientEvents>(event: K, ...args: ClientEvents[K]): void {
    for (const listener of this.#byEvent.get(event) ?? []) {
      try {
        (listener as Listener<K>)(...args);
      } catch (error) {
        this.#report(event, error);
      }
    }
  }
}

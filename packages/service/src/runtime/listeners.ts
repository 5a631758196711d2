import type { ServiceEvents } from '../service-options.ts';

type Listener<K extends keyof ServiceEvents> = (...args: ServiceEvents[K]) => void;

/** The listeners of a service. A listener that throws must not take the service off the roll, so its error is reported instead. */
export class Listeners {
  readonly #byEvent = new Map<keyof ServiceEvents, Set<(...args: never) => void>>();
  readonly #report: (event: keyof ServiceEvents, error: unknown) => void;

  constructor(report: (event: keyof ServiceEvents, error: unknown) => void) {
    this.#report = report;
  }

  /** Returns a function that stops the listening. */
  on<K extends keyof ServiceEvents>(event: K, listener: Listener<K>): () => void {
    const listeners = this.#byEvent.get(event) ?? new Set();
    this.#byEvent.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  emit<K extends keyof ServiceEvents>(event: K, ...args: ServiceEvents[K]): void {
    for (const listener of this.#byEvent.get(event) ?? []) {
      try {
        (listener as Listener<K>)(...args);
      } catch (error) {
        this.#report(event, error);
      }
    }
  }
}

import type { DriverCall, RegistryDriver } from '../adapter/driver.ts';

/** Connects once, at the first call; tries again after a failure. */
export class Connection {
  readonly #driver: RegistryDriver;
  #pending: Promise<void> | undefined;
  #connected = false;

  constructor(driver: RegistryDriver) {
    this.#driver = driver;
  }

  /**
   * Resolves when connected. Calls that arrive meanwhile share the attempt. When the attempt failed only because its
   * first caller ran out of time, the next caller tries again.
   */
  async ready(call: DriverCall): Promise<void> {
    while (!this.#connected) {
      const joined = this.#pending;
      if (joined === undefined) return this.#connect(call);
      await joined.catch(() => {});
      call.signal.throwIfAborted();
    }
  }

  async #connect(call: DriverCall): Promise<void> {
    // Started in a microtask, so that a synchronous throw of the driver becomes a rejection.
    const attempt = Promise.resolve().then(() => this.#driver.connect(call));
    this.#pending = attempt;
    try {
      await attempt;
      this.#connected = true;
    } finally {
      this.#pending = undefined;
    }
  }
}

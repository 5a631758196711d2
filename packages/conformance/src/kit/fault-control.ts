import type { Faults } from '../harness.ts';

/** Carries out a case's faults, and undoes those that it left. */
export class FaultControl implements Faults {
  readonly #faults: Faults;
  #stopped = false;
  #frozen = false;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#faults.stop();
  }

  async start(): Promise<void> {
    await this.#faults.start();
    this.#stopped = false;
  }

  async freeze(): Promise<void> {
    this.#frozen = true;
    await this.#faults.freeze();
  }

  async resume(): Promise<void> {
    await this.#faults.resume();
    this.#frozen = false;
  }

  async wipe(): Promise<void> {
    await this.#faults.wipe();
    this.#stopped = false;
    this.#frozen = false;
  }

  /** Makes the backend serve again. */
  async restore(): Promise<void> {
    if (this.#frozen) await this.resume();
    if (this.#stopped) await this.start();
  }
}

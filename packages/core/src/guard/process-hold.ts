import { holdProcess } from '../clock.ts';

/** Keeps the process alive while at least one call or one pending `next()` needs it. */
export class ProcessHold {
  #count = 0;
  #release: (() => void) | undefined;

  acquire(): void {
    this.#count += 1;
    this.#release ??= holdProcess();
  }

  release(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    this.#release?.();
    this.#release = undefined;
  }
}

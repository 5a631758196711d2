import { onAbort } from '../adapter/abort.ts';
import type { Clock } from '../contract.ts';
import { settleGraceMs } from '../defaults.ts';
import type { CallScope } from './call-scope.ts';

/**
 * Calls on one node take effect in call order: each waits for earlier calls that share a node with it. An aborted call
 * keeps its place until its driver has ended (bounded), so that a late write cannot overtake the next call.
 */
export class CallOrder {
  readonly #clock: Clock;
  readonly #last = new Map<string, Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `work` when its turn on every key has come; rejects early when the scope ends. */
  run<T>(keys: readonly string[], scope: CallScope, work: () => Promise<T>): Promise<T> {
    const before = keys.flatMap((key) => this.#last.get(key) ?? []);
    const turn = before.length === 0 ? undefined : Promise.all(before);
    const begin = async (): Promise<T> => {
      scope.throwIfOver();
      return work();
    };
    const running = turn === undefined ? begin() : turn.then(begin);
    this.#hold(keys, this.#released(turn, running, scope));
    return scope.race(running);
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }

  #hold(keys: readonly string[], released: Promise<void>): void {
    for (const key of keys) this.#last.set(key, released);
    void released.then(() => {
      for (const key of keys) if (this.#last.get(key) === released) this.#last.delete(key);
    });
  }

  async #released(turn: Promise<unknown> | undefined, running: Promise<unknown>, scope: CallScope): Promise<void> {
    // An aborted call that still waits for its turn keeps later calls waiting for the calls before it.
    await turn;
    let stop = (): void => {};
    let cancel = (): void => {};
    const abandoned = new Promise<void>((resolve) => {
      stop = onAbort(scope.signal, () => {
        cancel = this.#clock.setTimer(settleGraceMs, resolve);
      });
    });
    await Promise.race([running.catch(() => {}), abandoned]);
    stop();
    cancel();
  }
}

import type { DriverCall, RegistryDriver } from '../adapter/driver.ts';
import type { CallOptions, Clock, Logger } from '../contract.ts';
import { type CallMessage, callChannel } from '../diagnostics.ts';
import { RegistryError } from '../errors.ts';
import { callOptions, parseCallOptions } from '../model/options.ts';
import { CallScope } from './call-scope.ts';
import { toRegistryError } from './driver-error.ts';
import type { ProcessHold } from './process-hold.ts';

/** One call, described. */
export interface CallPlan<T> {
  readonly operation: CallMessage['operation'];
  /** The service that the caller named, unchecked. */
  readonly name?: unknown;
  readonly options: CallOptions | undefined;
  /** Checks the arguments (throws `INVALID_ARGUMENT`) and returns the work to do. */
  prepare(scope: CallScope): (call: DriverCall) => Promise<T>;
}

/** What {@link Calls} needs of its registry. */
export interface CallsContext {
  readonly driver: RegistryDriver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeoutMs: number;
  readonly hold: ProcessHold;
}

/**
 * Every call goes through here: it is refused when closed, checked, bounded, and published, and its error is
 * translated.
 */
export class Calls {
  readonly #context: CallsContext;
  readonly #open = new Set<CallScope>();
  #closed = false;

  constructor(context: CallsContext) {
    this.#context = context;
  }

  async run<T>(plan: CallPlan<T>): Promise<T> {
    const startedAt = this.#context.clock.now();
    try {
      const result = await this.#bounded(plan);
      this.#publish(plan, startedAt, undefined);
      return result;
    } catch (cause) {
      const error = toRegistryError(this.#context.driver, cause);
      this.#publish(plan, startedAt, error);
      throw error;
    }
  }

  /** Throws `CLOSED` after {@link Calls.close}. */
  refuseClosed(operation: string): void {
    if (this.#closed) throw this.#closedError(operation);
  }

  /** Answers every caller now, which aborts the calls that are still under way. */
  close(): () => void {
    this.#closed = true;
    const open = [...this.#open];
    const reason = this.#closedError('the call');
    for (const scope of open) scope.abandon(reason);
    return () => {
      for (const scope of open) scope.abort(reason);
    };
  }

  async #bounded<T>({ operation, options, prepare }: CallPlan<T>): Promise<T> {
    this.refuseClosed(operation);
    const { driver, clock, logger, hold } = this.#context;
    const { signal, timeoutMs = this.#context.timeoutMs } = parseCallOptions(
      options,
      operation === 'register' ? callOptions.register : callOptions.call,
    );
    const scope = new CallScope({ clock, registry: driver.name, operation, timeoutMs, signal });
    this.#open.add(scope);
    hold.acquire();
    try {
      const work = prepare(scope);
      scope.throwIfOver();
      return await scope.race(work({ signal: scope.signal, logger }));
    } finally {
      scope.end();
      this.#open.delete(scope);
      hold.release();
    }
  }

  #closedError(operation: string): RegistryError {
    const registry = this.#context.driver.name;
    return new RegistryError(
      'CLOSED',
      `${operation} is not possible, because the ${registry} registry was closed: make a new one`,
      {
        registry,
      },
    );
  }

  #publish<T>({ operation, name }: CallPlan<T>, startedAt: number, error: RegistryError | undefined): void {
    if (!callChannel.hasSubscribers) return;
    const { driver, clock } = this.#context;
    callChannel.publish({
      registry: driver.name,
      operation,
      name: typeof name === 'string' ? name : undefined,
      durationMs: clock.now() - startedAt,
      error,
    });
  }
}

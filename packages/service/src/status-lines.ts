import type { Logger, RegistryError, ServiceNode } from '@rollcall/core';
import type { Loss } from './runtime/keeper.ts';

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

/** Never silent about a lost registration: one line per change of state, to the logger or else to stderr. */
export class StatusLines {
  readonly #subject: string;
  readonly #logger: Logger | undefined;

  /** `subject` is the service, or `''` for a line that concerns no service. */
  constructor(subject: string, logger: Logger | undefined) {
    this.#subject = subject;
    this.#logger = logger;
  }

  info(message: string): void {
    if (this.#logger === undefined) this.#print(message);
    else this.#logger.info({ service: this.#subject }, message);
  }

  warn(message: string, error?: RegistryError): void {
    if (this.#logger === undefined) this.#print(message);
    else this.#logger.warn({ service: this.#subject, error }, message);
  }

  registered(node: ServiceNode, isAgain: boolean): void {
    this.info(`registered${isAgain ? ' again' : ''} as ${node.id} at ${node.address}`);
  }

  unregistered(sinceMs: number, error: RegistryError): void {
    const since = sinceMs < 1_000 ? '' : ` for ${seconds(sinceMs)}`;
    // An error of a backend names the backend; a registerCheck that fails has nothing to do with the way to the
    // registry.
    const hint = error.retryable && error.registry !== '' ? ' (rollcall doctor says what to do)' : '';
    this.warn(`not registered${since} because ${error.message}; trying again${hint}`, error);
  }

  lost({ sinceMs, why }: Loss): void {
    this.warn(`was not registered for up to ${seconds(sinceMs)} because ${why}`);
  }

  taken(error: RegistryError, isWaiting: boolean): void {
    const next = isWaiting ? 'it registers again when the id is free' : 'it stops';
    this.warn(`not registered because another process holds the id: ${error.message}; ${next}`, error);
  }

  #print(message: string): void {
    process.stderr.write(`rollcall${this.#subject === '' ? '' : ` ${this.#subject}`}: ${message}\n`);
  }
}

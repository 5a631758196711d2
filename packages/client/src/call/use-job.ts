import type { Outcome, RemoteNode } from '../picking.ts';
import type { Result } from '../rule/health.ts';
import type { Job } from './job.ts';
import { resultOfError, resultOfOutcome } from './outcome.ts';

/** The caller's function for `call()`, which uses a node in a protocol of its own. */
export type Use<T> = (node: RemoteNode, signal: AbortSignal) => Promise<T>;

/** A function of the caller as a job. */
export class UseJob<T> implements Job<T> {
  readonly needsSignal = true;
  readonly isRepeatable = true;
  readonly isIdempotent: boolean;
  readonly signal = undefined;
  readonly #use: Use<T>;
  readonly #outcomeOf: ((error: unknown) => Outcome) | undefined;

  constructor(use: Use<T>, isIdempotent: boolean, outcomeOf: ((error: unknown) => Outcome) | undefined) {
    this.#use = use;
    this.isIdempotent = isIdempotent;
    this.#outcomeOf = outcomeOf;
  }

  start(node: RemoteNode, signal: AbortSignal | undefined): Promise<T> {
    return this.#use(node, signal ?? new AbortController().signal);
  }

  judge(): Result {
    return 'ok';
  }

  judgeError(error: unknown): Result {
    return this.#outcomeOf === undefined ? resultOfError(error) : (resultOfOutcome[this.#outcomeOf(error)] ?? 'failed');
  }

  wantsRepeat(): boolean {
    return false;
  }

  discard(): void {}

  failure(error: Error): unknown {
    return error;
  }
}

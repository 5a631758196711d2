import type { RemoteNode } from '../picking.ts';
import type { Result } from '../rule/health.ts';

/** The work at a node, in any protocol. */
export interface Job<T> {
  /** Begins one attempt. `signal` ends it. */
  start(node: RemoteNode, signal: AbortSignal | undefined): Promise<T>;
  /** The outcome that an answer means for the node. */
  judge(answer: T): Result;
  /** The outcome that an error of an attempt at `node` means for the node. */
  judgeError(error: unknown, node: RemoteNode): Result;
  /** Whether another node should be asked because of this answer. */
  wantsRepeat(answer: T): boolean;
  /** Releases the connection of an answer that is not used. */
  discard(answer: T): void;
  /** The error that the caller gets for an error of the client. */
  failure(error: Error): unknown;
  /** Whether the request can be sent a second time at all: its body still exists. */
  readonly isRepeatable: boolean;
  /** Whether the request may run twice. */
  readonly isIdempotent: boolean;
  /** Whether each attempt needs a signal of its own. */
  readonly needsSignal: boolean;
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
}

/** How an attempt ended. `dead`: its node can no longer be reached. */
export type Ended<T> =
  | { readonly kind: 'answer'; readonly answer: T; readonly result: Result }
  | { readonly kind: 'error'; readonly error: unknown; readonly result: Result }
  | { readonly kind: 'dead'; readonly result: Result };

import type { RemoteNode } from '../picking.ts';
import type { Result } from '../rule/health.ts';

/** What is to be done at a node, in whatever protocol. */
export interface Job<T> {
  /** Begins one attempt. `signal` ends it. */
  start(node: RemoteNode, signal: AbortSignal | undefined): Promise<T>;
  /** What an answer says of the node. */
  judge(answer: T): Result;
  /** What an error of an attempt at `node` says of it. */
  judgeError(error: unknown, node: RemoteNode): Result;
  /** Whether this answer should be asked for elsewhere. */
  wantsRepeat(answer: T): boolean;
  /** The answer is not used: release its connection. */
  discard(answer: T): void;
  /** What the caller is told of an error of ours. */
  failure(error: Error): unknown;
  /** Whether the request can be sent a second time at all: its body is still there. */
  readonly isRepeatable: boolean;
  /** Whether it may run twice. */
  readonly isIdempotent: boolean;
  /** Whether each attempt needs a signal of its own. */
  readonly needsSignal: boolean;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
}

/** How an attempt ended. `dead`: its node cannot be reached any more. */
export type Ended<T> =
  | { readonly kind: 'answer'; readonly answer: T; readonly result: Result }
  | { readonly kind: 'error'; readonly error: unknown; readonly result: Result }
  | { readonly kind: 'dead'; readonly result: Result };

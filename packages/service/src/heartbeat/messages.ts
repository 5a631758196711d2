/** What the main thread and its heartbeat worker tell each other. All of it can be cloned. */
import { RegistryError, type RegistryErrorCode, type RegistryRecipe, type ServiceInput } from '@rollcall/core';
import type { Loss } from '../runtime/keeper.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly recipe: RegistryRecipe;
  readonly service: ServiceInput;
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
  /** The worker stops renewing when the main loop is silent for longer. Milliseconds. */
  readonly maxStallMs: number;
  /** What `registerCheck` said last: `''` is passed. */
  readonly failure: string;
  /** How often each thread has run: see `Beat`. */
  readonly beat: SharedArrayBuffer;
}

/** A message from the main thread to the worker. */
export type ToWorker =
  | { readonly type: 'service'; readonly service: ServiceInput }
  /** What `registerCheck` said last: `''` is passed. */
  | { readonly type: 'check'; readonly failure: string }
  | { readonly type: 'stop' };

/** A message from the worker to the main thread. */
export type FromWorker =
  | { readonly type: 'alive' }
  | { readonly type: 'registered'; readonly loss: Loss | undefined }
  | { readonly type: 'failed' | 'conflict'; readonly error: PlainError }
  | { readonly type: 'stopped'; readonly error?: PlainError | undefined };

/** A `RegistryError` as it crosses threads. */
export interface PlainError {
  readonly code: RegistryErrorCode;
  readonly message: string;
  readonly registry: string;
}

/** An error that can be cloned. */
export const toPlain = ({ code, message, registry }: RegistryError): PlainError => ({ code, message, registry });

/** The error again. */
export const fromPlain = ({ code, message, registry }: PlainError): RegistryError =>
  new RegistryError(code, message, { registry });

/** Messages between the main thread and its heartbeat worker. All of them can be cloned. */
import { RegistryError, type RegistryErrorCode, type RegistryRecipe, type ServiceInput } from '@rollcall/core';
import type { Loss } from '../runtime/keeper.ts';

/** The start data of a worker. */
export interface WorkerStart {
  readonly recipe: RegistryRecipe;
  readonly service: ServiceInput;
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
  /** The worker stops renewing when the main loop has been silent for longer. Milliseconds. */
  readonly maxStallMs: number;
  /** The last result of `registerCheck`; `''`: passed. */
  readonly failure: string;
  /** The shared counts of both threads: see `Beat`. */
  readonly beat: SharedArrayBuffer;
}

/** A message from the main thread to the worker. */
export type ToWorker =
  | { readonly type: 'service'; readonly service: ServiceInput }
  /** The last result of `registerCheck`; `''`: passed. */
  | { readonly type: 'check'; readonly failure: string }
  | { readonly type: 'stop' };

/** A message from the worker to the main thread. */
export type FromWorker =
  | { readonly type: 'alive' }
  | { readonly type: 'registered'; readonly loss: Loss | undefined }
  | { readonly type: 'failed' | 'conflict'; readonly error: PlainError }
  | { readonly type: 'stopped'; readonly error?: PlainError | undefined };

/** A `RegistryError` in a form that crosses threads. */
export interface PlainError {
  readonly code: RegistryErrorCode;
  readonly message: string;
  readonly registry: string;
}

/** The error in a form that can be cloned. */
export const toPlain = ({ code, message, registry }: RegistryError): PlainError => ({ code, message, registry });

/** The error from its cloned form. */
export const fromPlain = ({ code, message, registry }: PlainError): RegistryError =>
  new RegistryError(code, message, { registry });

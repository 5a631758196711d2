import assert from 'node:assert/strict';
import { RegistryError, type RegistryErrorCode } from '@rollcall/core';
import { now, within } from './waiting.ts';

/** What a rejection must look like. */
export interface Rejection {
  readonly code: RegistryErrorCode;
  /** Parts of the message, such as the name of a field. */
  readonly mentions?: readonly string[] | undefined;
  readonly withinMs: number;
}

/** Checks what every error of a registry must have. */
export function assertRegistryError(error: unknown, codes: readonly RegistryErrorCode[]): RegistryError {
  assert(
    RegistryError.is(error),
    `rejected with ${String(error)}, which is not a RegistryError: translate it in <name>-error.ts`,
  );
  assert(codes.includes(error.code), `rejected with ${error.code} (${error.message}) instead of ${codes.join(' or ')}`);
  assert(error.message.length > 0, `an error with ${error.code} has no message`);
  const retryable = error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT';
  assert.equal(error.retryable, retryable, `retryable of an error with ${error.code}`);
  return error;
}

/** Checks that the call returns a promise (it never throws at once) that rejects in time, as described. */
export async function rejects(
  what: string,
  { code, mentions = [], withinMs }: Rejection,
  call: () => Promise<unknown>,
): Promise<RegistryError> {
  const settled = call().then(
    (value) => ({ value, failed: false }) as const,
    (error: unknown) => ({ error, failed: true }) as const,
  );
  const outcome = await within(`${what} rejects with ${code}`, withinMs, settled);
  assert(outcome.failed, `${what} resolved instead of rejecting with ${code}`);
  const error = assertRegistryError(outcome.error, [code]);
  for (const part of mentions) {
    assert(error.message.includes(part), `${what}: the message does not name ${part}: ${error.message}`);
  }
  return error;
}

/** Checks that the call throws at once, as described. */
export function throwsNow(what: string, code: RegistryErrorCode, call: () => unknown): RegistryError {
  try {
    call();
  } catch (error) {
    return assertRegistryError(error, [code]);
  }
  return assert.fail(`${what} did not throw ${code} at once`);
}

/** Checks that the call ends in time: with a value, or with one of these codes. */
export async function settles(
  what: string,
  withinMs: number,
  codes: readonly RegistryErrorCode[],
  call: () => Promise<unknown>,
): Promise<void> {
  const settled = call().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const outcome = await within(`${what} settles`, withinMs, settled);
  if (outcome !== undefined) assertRegistryError(outcome.error, codes);
}

/** Checks that no reachable object can be changed. */
export function assertDeepFrozen(what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  assert(Object.isFrozen(value), `${what} is not frozen`);
  for (const [key, item] of Object.entries(value)) assertDeepFrozen(`${what}.${key}`, item);
}

/** Milliseconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = now();
  await work();
  return now() - startedAt;
}

import { RegistryError } from '@rollcall/core';

/**
 * The error as a `RegistryError`. A registry rejects with its own errors alone, so any other error is a defect, and its
 * message says so.
 */
export function asRegistryError(cause: unknown): RegistryError {
  if (RegistryError.is(cause)) return cause;
  const message = `${String(cause)}; this is a defect of Rollcall or of the registry, please report it`;
  return new RegistryError('INTERNAL', message, { cause });
}

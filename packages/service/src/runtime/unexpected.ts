import { RegistryError } from '@rollcall/core';

/** A registry rejects with its own errors alone, so that any other error is a defect, and says so. */
export function asRegistryError(cause: unknown): RegistryError {
  if (RegistryError.is(cause)) return cause;
  const message = `${String(cause)}; this is a defect of Rollcall or of the registry, please report it`;
  return new RegistryError('INTERNAL', message, { cause });
}

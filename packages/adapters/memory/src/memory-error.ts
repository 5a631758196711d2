import { RegistryError } from '@rollcall/core';

/** Translates an error. Except for a conflict, nothing can fail in memory, so any other error is a defect. */
export function toMemoryError(cause: unknown): RegistryError {
  return new RegistryError(
    'INTERNAL',
    `the memory adapter failed: ${String(cause)}; this is a defect of Rollcall, please report it`,
    { cause },
  );
}

import { RegistryError } from '@rollcall/core';

/** A conflict aside, nothing fails in a roll in memory, so whatever arrives here is a defect. */
export function toMemoryError(cause: unknown): RegistryError {
  return new RegistryError('INTERNAL', 'the memory registry failed', { cause });
}

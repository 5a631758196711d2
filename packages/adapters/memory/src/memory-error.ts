import { RegistryError } from '@rollcall/core';
import type { EntryKey } from '@rollcall/core/adapter';

/** A renewal found the node in another's hands. */
export function heldByAnother({ name, id }: EntryKey): RegistryError {
  return new RegistryError('CONFLICT', `node ${id} of ${name} was taken over by another registry object`);
}

/** Nothing else fails in a roll in memory, so whatever arrives here is a defect. */
export function toMemoryError(cause: unknown): RegistryError {
  return new RegistryError('INTERNAL', 'the memory registry failed', { cause });
}

import { RegistryError } from '@rollcall/core';

/** The error of a call that came after `close()` of the client. */
export const closedError = (): RegistryError =>
  new RegistryError('CLOSED', 'the client was closed: make a new one with createClient');

import { RegistryError } from '@rollcall/core';
import type { NoNodeError } from '../contract.ts';

// Symbol.for: the same symbol in every copy of this package that a process has loaded.
const brand = Symbol.for('rollcall.NoNodeError');

const sentences: Readonly<Record<NoNodeError['reason'], string>> = {
  unregistered: 'the registry answers and lists none; is the name right, and does the service run?',
  unmatched: 'nodes are listed, but version or filter excludes all of them; rollcall get shows what they have',
  unknown: 'the registry has not answered yet, and no snapshot file remembers a node; rollcall doctor says what to do',
};

/** The only class behind the interface. */
export class MissingNodeError extends RegistryError<'UNAVAILABLE'> implements NoNodeError {
  readonly service: string;
  readonly reason: NoNodeError['reason'];

  constructor(service: string, reason: NoNodeError['reason'], cause?: unknown) {
    const options = cause === undefined ? {} : { cause };
    super('UNAVAILABLE', `no node of ${JSON.stringify(service)}: ${sentences[reason]}`, options);
    this.service = service;
    this.reason = reason;
    Object.defineProperty(this, brand, { value: true });
  }
}

const isNoNode = (error: object): error is NoNodeError => brand in error;

/** How deep causes are followed, since they may form a circle. */
const deepest = 16;

/**
 * The {@link NoNodeError} that `error` is, or has among its causes as fetch's TypeError has. Recognised by its brand,
 * across duplicate installs.
 */
export function noNodeIn(error: unknown): NoNodeError | undefined {
  let at = error;
  for (let depth = 0; depth < deepest && typeof at === 'object' && at !== null; depth += 1) {
    if (isNoNode(at)) return at;
    at = 'cause' in at ? at.cause : undefined;
  }
  return undefined;
}

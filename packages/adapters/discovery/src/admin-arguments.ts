/**
 * Checks of an operator's arguments before a request. The server checks them as well, but its answer speaks of fields of a
 * request that the operator has not written.
 */
import { invalidOption, limits } from '@rollcall/core/adapter';

/** The same words as those of a registry's own calls. */
const readable = '1-255 printable characters';
const namespaceRule = '1-63 of [A-Za-z0-9._-], starting with a letter or digit';

function demand(field: string, value: string | undefined, rule: string, holds: (text: string) => boolean): void {
  if (value === undefined || holds(value)) return;
  const shown = JSON.stringify(value);
  const got = shown.length > 80 ? `${shown.slice(0, 77)}..." (${value.length} characters)` : shown;
  throw invalidOption('discovery', `${field} must be ${rule}, got ${got}`);
}

/** What an operator's call is about; an absent field is not checked. */
export interface Subject {
  readonly env?: string | undefined;
  readonly name?: string | undefined;
  readonly id?: string | undefined;
}

/** Throws `INVALID_ARGUMENT` for a namespace, a service name or a node id that no server can have. */
export function checkSubject({ env, name, id }: Subject): void {
  demand('namespace', env, namespaceRule, limits.isNamespace);
  demand('name', name, readable, limits.isReadableName);
  demand('id', id, readable, limits.isReadableName);
}

/**
 * Checks an operator's arguments before a request. The server checks them as well, but its message names fields of the
 * request, which the operator has not written.
 */
import { invalidOption, limits } from '@rollcall/core/adapter';

/** The rules, worded as in the errors of a registry's own calls. */
const readable = '1-255 printable characters';
const namespaceRule = '1-63 of [A-Za-z0-9._-], starting with a letter or digit';

function demand(field: string, value: string | undefined, rule: string, holds: (text: string) => boolean): void {
  if (value === undefined || holds(value)) return;
  const shown = JSON.stringify(value);
  const got = shown.length > 80 ? `${shown.slice(0, 77)}..." (${value.length} characters)` : shown;
  throw invalidOption('discovery', `${field} must be ${rule}, got ${got}`);
}

/** The arguments of an operator's call; an absent one is not checked. */
export interface Subject {
  readonly env?: string | undefined;
  readonly name?: string | undefined;
  readonly id?: string | undefined;
}

/** Throws `INVALID_ARGUMENT` for a namespace, a service name or a node id that every server refuses. */
export function checkSubject({ env, name, id }: Subject): void {
  demand('namespace', env, namespaceRule, limits.isNamespace);
  demand('name', name, readable, limits.isReadableName);
  demand('id', id, readable, limits.isReadableName);
}

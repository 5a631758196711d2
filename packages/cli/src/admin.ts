import { RegistryError } from '@rollcall/core';
import type { RollcallAdmin } from '@rollcall/discovery';
import { broughtAlong, type CommonOptions, namedAdapter, registryOptions, withRemedy } from './common.ts';
import { plain } from './output.ts';

/**
 * Opens the operator's calls of the server that the options name. `what` names the command, for the error of a backend
 * that has no such calls.
 */
export async function askServer<T>(
  options: CommonOptions,
  what: string,
  question: (admin: RollcallAdmin) => Promise<T>,
): Promise<T> {
  const adapter = await namedAdapter(options);
  if (adapter.admin === undefined) {
    const able = Object.values(broughtAlong).flatMap(({ admin, name }) => (admin === undefined ? [] : [name]));
    const message = `--registry ${plain(adapter.name)} cannot ${what}: only a Rollcall server can, so give --registry ${able.join(' or ')}`;
    throw new RegistryError('NOT_SUPPORTED', message, { registry: adapter.name });
  }
  try {
    // A backend with an operator's calls is a Rollcall server, whose protocol this command speaks.
    return await question(adapter.admin(registryOptions(options)) as RollcallAdmin);
  } catch (error) {
    throw withRemedy(error, adapter, options);
  }
}

/** The environment that the options name. */
export const envOf = ({ registryNamespace = 'default' }: CommonOptions): string => registryNamespace;

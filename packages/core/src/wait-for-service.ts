import { systemClock } from './clock.ts';
import type { CallOptions, Registry, Service } from './contract.ts';
import { defaultTimeoutMs } from './defaults.ts';
import { RegistryError } from './errors.ts';
import { Follower } from './follow.ts';
import { CallScope } from './guard/call-scope.ts';
import { invalid } from './model/input.ts';
import { callOptions, parseCallOptions } from './model/options.ts';

/** Options of {@link waitForService}. */
export interface WaitForServiceOptions extends CallOptions {
  /** How many live nodes are enough, over all versions; default 1. */
  readonly minNodes?: number | undefined;
}

const countNodes = (services: readonly Service[]): number =>
  services.reduce((count, { nodes }) => count + nodes.length, 0);

async function firstEnough(follower: Follower, name: string, minNodes: number): Promise<readonly Service[]> {
  for await (const services of follower) if (countNodes(services) >= minNodes) return services;
  throw new RegistryError('CLOSED', `the registry was closed while waiting for ${name}`);
}

/**
 * Resolves with a service as soon as it has `minNodes` live nodes, late ones included.
 *
 * @throws RegistryError `TIMEOUT` after `timeoutMs` (default 5,000) with the outage, if there is one, as its cause;
 * `ABORTED` by the signal; `CLOSED` when the registry is; `INVALID_ARGUMENT`.
 */
export async function waitForService(
  registry: Pick<Registry, 'watch'>,
  name: string,
  options: WaitForServiceOptions = {},
): Promise<readonly Service[]> {
  const { signal, timeoutMs = defaultTimeoutMs } = parseCallOptions(options, callOptions.waitForService);
  const { minNodes = 1 } = options;
  if (!Number.isInteger(minNodes) || minNodes < 1) throw invalid('minNodes', 'a positive integer', minNodes);
  const asked = describe(registry);
  const follower = new Follower(registry.watch({ name }));
  const operation = `waiting for ${minNodes} node(s) of ${name}`;
  const scope = new CallScope({ clock: systemClock, registry: asked.name, operation, timeoutMs, signal });
  try {
    return await scope.race(firstEnough(follower, name, minNodes));
  } catch (error) {
    if (!RegistryError.is(error, 'TIMEOUT')) throw error;
    const cause = follower.lost ?? error;
    const why = follower.lost === undefined ? asked.hint : `: ${follower.lost.message}`;
    const count = countNodes(follower.state);
    const seen = count === 0 ? `no node of ${name} was registered` : `${name} had ${count} of ${minNodes} nodes`;
    const message = `${seen} within ${timeoutMs} ms on ${asked.text}${why}`;
    throw new RegistryError('TIMEOUT', message, { cause, registry: asked.name });
  } finally {
    scope.end();
    await follower.return();
  }
}

/** Which registry was asked, for messages. A test may pass an object that can only be watched. */
function describe(registry: Pick<Registry, 'watch'> & Partial<Registry>): {
  readonly name: string;
  readonly text: string;
  readonly hint: string;
} {
  const { name = '', endpoints = [], capabilities } = registry;
  const at = endpoints.length === 0 ? '' : ` at ${endpoints.join(', ')}`;
  const isAlone = capabilities?.crossProcess === false;
  return {
    name,
    text: name === '' ? 'its registry' : `the ${name} registry${at}`,
    hint: isAlone ? ', which only this process sees: choose another with --registry' : '',
  };
}

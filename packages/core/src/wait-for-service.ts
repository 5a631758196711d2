import { systemClock } from './clock.ts';
import type { CallOptions, Registry, Service } from './contract.ts';
import { defaultTimeoutMs } from './defaults.ts';
import { RegistryError } from './errors.ts';
import { Follower } from './follow.ts';
import { CallScope } from './guard/call-scope.ts';
import { invalid } from './model/input.ts';
import { parseCallOptions } from './model/options.ts';

/** Options of {@link waitForService}. */
export interface WaitForServiceOptions extends CallOptions {
  /** Live nodes over all versions; default 1. */
  readonly minNodes?: number | undefined;
}

function reachedMinimum(services: readonly Service[], minNodes: number): boolean {
  return services.reduce((count, { nodes }) => count + nodes.length, 0) >= minNodes;
}

async function firstEnough(follower: Follower, name: string, minNodes: number): Promise<readonly Service[]> {
  for await (const services of follower) if (reachedMinimum(services, minNodes)) return services;
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
  const { signal, timeoutMs = defaultTimeoutMs } = parseCallOptions(options);
  const { minNodes = 1 } = options;
  if (!Number.isInteger(minNodes) || minNodes < 1) throw invalid('minNodes', 'a positive integer', `${minNodes}`);
  const follower = new Follower(registry.watch({ name }));
  const operation = `waiting for ${minNodes} node(s) of ${name}`;
  const scope = new CallScope({ clock: systemClock, registry: '', operation, timeoutMs, signal });
  try {
    return await scope.race(firstEnough(follower, name, minNodes));
  } catch (error) {
    if (RegistryError.is(error, 'TIMEOUT') && follower.lost !== undefined) {
      throw new RegistryError('TIMEOUT', `${error.message}: ${follower.lost.message}`, { cause: follower.lost });
    }
    throw error;
  } finally {
    scope.end();
    await follower.return();
  }
}

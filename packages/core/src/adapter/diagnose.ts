import type { CallOptions, Clock, Registry } from '../contract.ts';
import { RegistryError } from '../errors.ts';
import type { Finding } from './descriptor.ts';

/** What {@link diagnoseByReading} examines. */
export interface Examination {
  /** A registry made for the diagnosis, and closed at the end. */
  readonly registry: Registry;
  /** Source of time. */
  readonly clock: Clock;
  /** What to do about a failure, where the adapter knows better than its message. */
  readonly remedy: (error: RegistryError) => string | undefined;
}

/**
 * The findings that `rollcall doctor` prints for Consul, etcd, and any adapter without a `diagnose` of its own: whether
 * the registry connects, how many services are registered, and which records were skipped.
 */
export async function* diagnoseByReading(
  { registry, clock, remedy }: Examination,
  call: CallOptions,
): AsyncGenerator<Finding, void, undefined> {
  const { name, endpoints = [] } = registry;
  const startedAt = clock.now();
  try {
    await registry.init(call);
    const at = endpoints.length === 0 ? '' : ` to ${endpoints.join(', ')}`;
    yield { level: 'ok', what: `${name}: connected${at} in ${(clock.now() - startedAt).toFixed()} ms` };
    const services = await registry.listServices(call);
    yield { level: 'ok', what: `${name}: registered services: ${services.length}` };
    yield* skippedBy(registry);
  } catch (error) {
    if (!RegistryError.is(error)) throw error;
    yield { level: 'problem', what: error.message, remedy: remedy(error) };
  } finally {
    await registry.close();
  }
}

function* skippedBy({ name, skipped }: Registry): Generator<Finding, void, undefined> {
  if (skipped === undefined || skipped.count === 0) return;
  const named = skipped.examples.map(({ key, reason }) => `${key} (${reason})`);
  const rest = skipped.count - named.length;
  const what = `${name}: skipped ${skipped.count} ${skipped.count === 1 ? 'record' : 'records'} that cannot be read as a node: ${named.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
  yield { level: 'warning', what, remedy: 'correct or remove these records, which another program wrote' };
}

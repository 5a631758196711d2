import { randomUUID } from 'node:crypto';
import { RegistryError, systemClock } from '@rollcall/core';
import { checkServer, type ServerLike } from './address/server-like.ts';
import { programSettings } from './registries/settings.ts';
import { Runtime } from './runtime/runtime.ts';
import { readTimes } from './runtime/times.ts';
import type { ServiceOptions, ServiceRuntime } from './service-options.ts';
import { StatusLines } from './status-lines.ts';

/**
 * A service that registers at start, again on an interval, and deregisters on stop. The option `registry` decides
 * where; without it `--registry` or the environment does. For a flag or variable that cannot be used, `start()`
 * rejects.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bad option, or when times do not fit together.
 */
export function createService(
  options: ServiceOptions & ({ readonly server: ServerLike } | { readonly advertise: string }),
): ServiceRuntime {
  checkOptions(options);
  return new Runtime({
    options,
    sources: options.settings ?? programSettings(),
    id: options.id ?? `${options.name}-${randomUUID()}`,
    lines: new StatusLines(options.name, options.logger),
    clock: systemClock,
  });
}

/** Every option. The compiler compares the list with {@link ServiceOptions}. */
const known = {
  ...{ name: true, version: true, id: true, metadata: true, endpoints: true, server: true, advertise: true },
  ...{ registry: true, settings: true, registries: true, ttlMs: true, renewIntervalMs: true, heartbeat: true },
  ...{ maxStallMs: true, drainMs: true, onConflict: true, failFast: true, registerCheck: true, logger: true },
} satisfies Record<keyof ServiceOptions, true>;

function checkOptions(options: ServiceOptions): void {
  // Without this check a misspelt `{ ttl: 1000 }` would be ignored.
  for (const name in options)
    if (!Object.hasOwn(known, name)) {
      const message = `options: ${name} is unknown; an option must be one of ${Object.keys(known).join(', ')}`;
      throw new RegistryError('INVALID_ARGUMENT', message);
    }
  const { server, registry, onConflict, heartbeat } = options;
  if (server !== undefined) checkServer(server);
  if (onConflict !== undefined && onConflict !== 'wait' && onConflict !== 'stop')
    throw new RegistryError('INVALID_ARGUMENT', `onConflict must be wait or stop, got ${JSON.stringify(onConflict)}`);
  if (heartbeat !== undefined && heartbeat !== 'main' && heartbeat !== 'worker')
    throw new RegistryError('INVALID_ARGUMENT', `heartbeat must be main or worker, got ${JSON.stringify(heartbeat)}`);
  if (registry !== undefined && !isRegistry(registry))
    throw new RegistryError(
      'INVALID_ARGUMENT',
      'registry must be a registry such as discovery(), a promise of one, or a name such as "discovery"',
    );
  readTimes(options, { argv: [], env: {} });
}

function isRegistry(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  if (typeof value !== 'object' || value === null) return false;
  return ['then', 'register'].some((method) => typeof (value as Record<string, unknown>)[method] === 'function');
}

import { randomUUID } from 'node:crypto';
import { RegistryError, systemClock } from '@rollcall/core';
import { checkServer, type ServerLike } from './address/server-like.ts';
import { defaultRenewIntervalMs, defaultTtlMs } from './defaults.ts';
import { overruled, programSettings, readDuration, readSetting, type SettingSources } from './registries/settings.ts';
import { Runtime } from './runtime/runtime.ts';
import type { ServiceOptions, ServiceRuntime } from './service-options.ts';
import { StatusLines } from './status-lines.ts';

/**
 * A service that registers at start, again on an interval, and deregisters on stop. `--registry` or the environment
 * decides where, or the option `registry`.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bad option, or when times do not fit together.
 */
export function createService(
  options: ServiceOptions & ({ readonly server: ServerLike } | { readonly advertise: string }),
): ServiceRuntime {
  const sources = options.settings ?? programSettings();
  checkOptions(options);
  return new Runtime({
    options,
    sources,
    id: options.id ?? `${options.name}-${randomUUID()}`,
    ...readTimes(options, sources),
    warnings: overruled(options, sources),
    lines: new StatusLines(options.name, options.logger),
    clock: systemClock,
  });
}

function checkOptions({ server, registry, onConflict }: ServiceOptions): void {
  if (server !== undefined) checkServer(server);
  if (onConflict !== undefined && onConflict !== 'wait' && onConflict !== 'stop')
    throw new RegistryError('INVALID_ARGUMENT', `onConflict must be wait or stop, got ${JSON.stringify(onConflict)}`);
  const isName = typeof registry === 'string' && registry !== '';
  if (registry !== undefined && !isName && (typeof registry !== 'object' || registry === null))
    throw new RegistryError('INVALID_ARGUMENT', 'registry must be a registry, a promise of one, or a name');
}

function readTimes(
  options: ServiceOptions,
  sources: SettingSources,
): { readonly ttlMs: number; readonly renewIntervalMs: number } {
  const ttlMs = options.ttlMs ?? readDuration(readSetting('registerTtl', sources)) ?? defaultTtlMs;
  const interval = options.renewIntervalMs ?? readDuration(readSetting('registerInterval', sources));
  const renewIntervalMs = interval ?? Math.min(defaultRenewIntervalMs, ttlMs / 3);
  if (renewIntervalMs > 0 && renewIntervalMs < ttlMs) return { ttlMs, renewIntervalMs };
  const message = `renewIntervalMs (${renewIntervalMs}) must be above 0 and below ttlMs (${ttlMs}); a third of it lets two renewals be lost`;
  throw new RegistryError('INVALID_ARGUMENT', message);
}

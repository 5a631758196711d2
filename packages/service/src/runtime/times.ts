import { RegistryError } from '@rollcall/core';
import { defaultRenewIntervalMs, defaultTtlMs } from '../defaults.ts';
import { readDuration, readSetting, type SettingSources } from '../registries/settings.ts';
import type { ServiceOptions } from '../service-options.ts';

/** How long a registration lives, and how often it is renewed. Milliseconds. */
export interface Times {
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
  /** For how long a worker renews while the main loop is silent. */
  readonly maxStallMs: number;
}

/**
 * Code overrides flags, flags override the environment, and the environment overrides the defaults. Throws
 * `INVALID_ARGUMENT` when the times do not fit together.
 */
export function readTimes(
  {
    ttlMs: ttl,
    renewIntervalMs: interval,
    maxStallMs: stall,
  }: Pick<ServiceOptions, 'ttlMs' | 'renewIntervalMs' | 'maxStallMs'>,
  sources: SettingSources,
): Times {
  const ttlMs = ttl ?? readDuration(readSetting('registerTtl', sources)) ?? defaultTtlMs;
  const asked = interval ?? readDuration(readSetting('registerInterval', sources));
  const renewIntervalMs = asked ?? Math.min(defaultRenewIntervalMs, ttlMs / 3);
  const maxStallMs = stall ?? 2 * ttlMs;
  if (!(maxStallMs >= renewIntervalMs)) {
    const message = `maxStallMs (${maxStallMs}) must be at least renewIntervalMs (${renewIntervalMs})`;
    throw new RegistryError('INVALID_ARGUMENT', message);
  }
  if (renewIntervalMs > 0 && renewIntervalMs < ttlMs) return { ttlMs, renewIntervalMs, maxStallMs };
  const message = `renewIntervalMs (${renewIntervalMs}) must be above 0 and below ttlMs (${ttlMs}); a third of it lets two renewals be lost`;
  throw new RegistryError('INVALID_ARGUMENT', message);
}

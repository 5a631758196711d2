import type { Lease } from '../adapter/driver.ts';
import type { Capabilities, RegisterOptions } from '../contract.ts';
import { parseDuration } from './options.ts';

/**
 * The lease as the backend keeps it: raised to `minTtlMs`, rounded up to `ttlResolutionMs`. Drivers get it rounded. The
 * discovery server rounds again, for other clients.
 */
export function parseLease(options: RegisterOptions | undefined, capabilities: Capabilities): Lease | undefined {
  const asked = parseDuration(options?.ttlMs, 'ttlMs');
  const interval = parseDuration(options?.renewIntervalMs, 'renewIntervalMs');
  if (asked === undefined) return undefined;
  const { minTtlMs, ttlResolutionMs } = capabilities;
  const ttlMs = Math.ceil(Math.max(asked, minTtlMs) / ttlResolutionMs) * ttlResolutionMs;
  return { ttlMs, renewIntervalMs: interval ?? Math.max(1, Math.floor(ttlMs / 3)) };
}

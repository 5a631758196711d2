import type { Capabilities, Clock, RegistryOptions } from '@rollcall/core';
import { systemClock } from '@rollcall/core/adapter';

/** Options of {@link memory}. */
export interface MemoryOptions extends RegistryOptions {
  /**
   * Registries with the same namespace share one roll within the process, across duplicate installs of this package.
   * Absent: the roll is private to the object.
   */
  readonly namespace?: string | undefined;
}

/** The capabilities of a roll in this process. */
export const memoryCapabilities: Capabilities = Object.freeze({
  minTtlMs: 1,
  ttlResolutionMs: 1,
  expirySlackMs: 250,
  propagationMs: 0,
  maxNodeBytes: 32_768,
  removesOthers: 'any',
  takesOver: true,
  durable: false,
  namespaces: true,
  crossProcess: false,
  crossHost: false,
});

/** The parsed options of {@link memory}. */
export interface MemorySettings {
  /** Undefined: a roll of its own. */
  readonly namespace: string | undefined;
  readonly clock: Clock;
}

/** Reads the options; the guard has checked the namespace. */
export function parseSettings({ namespace, clock = systemClock }: MemoryOptions): MemorySettings {
  return { namespace, clock };
}

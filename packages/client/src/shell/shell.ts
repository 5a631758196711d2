import type { Clock } from '@rollcall/core';
import type { RandomBelow } from '../picking.ts';
import type { Lines } from './lines.ts';
import type { Prober } from './prober.ts';

/** What a client gives to each of its services. */
export interface Shell {
  readonly clock: Clock;
  readonly random: RandomBelow;
  readonly clientId: string;
  readonly lines: Lines;
  /** Undefined: probes are blocked here. */
  readonly prober: Prober | undefined;
  readonly changed: (name: string) => void;
  readonly statusChanged: (name: string) => void;
}

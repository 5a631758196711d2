import type { DriverCall, RegistryDriver } from '../adapter/driver.ts';
import type { Clock, Logger } from '../contract.ts';
import type { ProcessHold } from './process-hold.ts';

/** What a feed is given by the registry that owns it. */
export interface FeedContext {
  readonly driver: RegistryDriver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a new connection may take to its first sign of life, in milliseconds. */
  readonly timeoutMs: number;
  /** Upper bound of the delay between attempts: the shortest renew interval that this object uses. */
  readonly ceilingMs: () => number;
  connected(call: DriverCall): Promise<void>;
  readonly hold: ProcessHold;
}

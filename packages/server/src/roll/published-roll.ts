import type { Instance } from './instance.ts';
import type { EnvironmentStatus } from './status.ts';

/** The roll as readers may see it: with a journal, no further than what is durable. */
export interface PublishedRoll {
  /** A cursor of another epoch is reset. */
  readonly epoch: string;
  /** Goes up by one per change. */
  readonly revision: number;
  /** Does what is due now, so that it can be told when it is durable. */
  settle(): void;
  /** The instances of an env, of one service or of all. */
  instances(env: string, service?: string): readonly Instance[];
  /** Self-protection of one env, or of all that are not empty. */
  status(env?: string): readonly EnvironmentStatus[];
}

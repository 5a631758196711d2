import type { Instance } from './instance.ts';
import type { EnvironmentStatus } from './status.ts';

/** The roll as readers may see it: with a journal, only its durable part. */
export interface PublishedRoll {
  /** A cursor of another epoch is reset. */
  readonly epoch: string;
  /** The number of the last change: it goes up by one per change. */
  readonly revision: number;
  /** Evicts and marks what is due now, so that it is told when it is durable. */
  settle(): void;
  /** The instances of an env, of one service or of all. */
  instances(env: string, service?: string): readonly Instance[];
  /** Self-protection of one env, or of all that are not empty. */
  status(env?: string): readonly EnvironmentStatus[];
}

import type { Instance } from './instance.ts';

/** One of the services that were asked for. */
export interface PolledService {
  readonly appid: string;
  /** All of them, up and out; empty: it has none. */
  readonly instances: readonly Instance[];
}

/** Data of `GET /api/poll`. */
export interface PollAnswer {
  /** False: nothing changed for as long as the request waited. */
  readonly modified: boolean;
  /** Every service that was asked for is told, since the cursor is none of this epoch and within the change log. */
  readonly reset: boolean;
  /** `since` of the next request. */
  readonly cursor: string;
  /** Those that have changed since the cursor. */
  readonly services: readonly PolledService[];
}

import type { Instance } from './instance.ts';

/** One of the services that were asked for. */
export interface PolledService {
  /** The service name. */
  readonly appid: string;
  /** All instances of the service, up and out of service; empty: the service has none. */
  readonly instances: readonly Instance[];
}

/** Data of `GET /api/poll`. */
export interface PollAnswer {
  /** False: nothing changed while the request waited. */
  readonly modified: boolean;
  /**
   * The answer has every service of the request, because the cursor is of another epoch, ahead of the server, or older
   * than the change log.
   */
  readonly reset: boolean;
  /** The value for `since` of the next request. */
  readonly cursor: string;
  /** The services that have changed since the cursor. */
  readonly services: readonly PolledService[];
}

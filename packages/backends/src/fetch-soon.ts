import { systemClock, withDeadline } from '@rollcall/core/adapter';

/** Asks a backend on this machine; rejects when it is silent for a second. */
export function fetchSoon(url: string): Promise<Response> {
  const reason = new Error(`${url} did not answer within 1 s`);
  return withDeadline({ clock: systemClock, ms: 1_000, reason }, (signal) => fetch(url, { signal }));
}

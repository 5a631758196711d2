/** Times as people write them. The only use of `Date` in the server: it formats and parses, and asks no clock. */

/** Writes a time as ISO text in UTC. `ms`: wall-clock milliseconds. */
export function isoTime(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: it writes a time that is given
  return new Date(ms).toISOString();
}

/**
 * Reads an ISO date as milliseconds since the epoch; undefined for other text. A time without a zone is in the server's
 * zone.
 */
export function readIsoTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:[T ].*)?$/.test(text)) return undefined;
  // biome-ignore lint/style/noRestrictedGlobals: it reads a time that is given
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Times as people write them. The one place of the server that uses `Date`: it asks no clock. */

/** By the wall clock, milliseconds. */
export function isoTime(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: it writes a time that is given
  return new Date(ms).toISOString();
}

/** Undefined: it is no ISO date. A time without a zone is one of the server's. */
export function readIsoTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:[T ].*)?$/.test(text)) return undefined;
  // biome-ignore lint/style/noRestrictedGlobals: it reads a time that is given
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

const clockTime = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;
const dayMs = 86_400_000;

/**
 * A time in the form that the server takes. `14:02` and `14:02:30` mean the last such time on this machine's clock; the
 * server reads all other forms (an ISO time, `10m` ago).
 */
export function momentOf(text: string): string {
  const [, hours, minutes, seconds = '0'] = clockTime.exec(text) ?? [];
  if (hours === undefined) return text;
  // biome-ignore lint/style/noRestrictedGlobals: a user's clock on the wall is meant
  const time = new Date();
  const now = time.getTime();
  time.setHours(Number(hours), Number(minutes), Number(seconds), 0);
  if (time.getTime() > now) time.setTime(time.getTime() - dayMs);
  return time.toISOString();
}

/** `14:02:11`, with the date if it is another day, in this machine's zone. */
export function clockOf(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: it writes a time that is given
  const time = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  // biome-ignore lint/style/noRestrictedGlobals: a user's clock on the wall is meant
  if (time.toDateString() === new Date().toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}

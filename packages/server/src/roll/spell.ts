const minuteMs = 60_000;
const hourMs = 3_600_000;

/** A length of time for a sentence: `0.4 s`, `94 s`, `3 min`, `2 h 5 min`. */
export function spellDuration(ms: number): string {
  if (ms < 10_000) return `${Math.max(0, Math.round(ms / 100) / 10)} s`;
  if (ms < 2 * minuteMs) return `${Math.round(ms / 1_000)} s`;
  if (ms < 2 * hourMs) return `${Math.round(ms / minuteMs)} min`;
  const minutes = Math.round(ms / minuteMs);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 instance`, `2 instances`. */
export const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

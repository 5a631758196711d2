const none: readonly never[] = [];

/**
 * Takes all items out of a set; returns none for an undefined set, where nothing is kept. It leaves an empty set alone,
 * since V8 makes a new table for each call of `clear`.
 */
export function takeAll<T>(set: Set<T> | undefined): readonly T[] {
  if (set === undefined || set.size === 0) return none;
  const all = [...set];
  set.clear();
  return all;
}

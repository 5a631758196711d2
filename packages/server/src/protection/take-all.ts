const none: readonly never[] = [];

/** Empties a set; undefined: nothing is kept. An empty set is left alone, since V8 makes a new table for each call of `clear`. */
export function takeAll<T>(set: Set<T> | undefined): readonly T[] {
  if (set === undefined || set.size === 0) return none;
  const all = [...set];
  set.clear();
  return all;
}

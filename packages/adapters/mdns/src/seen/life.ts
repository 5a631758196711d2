/** Pure: for how long a record is valid. */

/** When a record was heard, and for how long it holds. Milliseconds. */
export interface Life {
  readonly heardAt: number;
  readonly ttlMs: number;
}

/** The end of a life. */
export const endOf = ({ heardAt, ttlMs }: Life): number => heardAt + ttlMs;

/** The life that ends later. */
export const longer = (a: Life, b: Life): Life => (endOf(b) > endOf(a) ? b : a);

/** The life that ends first: a set of records lives as long as its shortest TTL. */
export function shortest(lives: readonly (Life | undefined)[]): Life | undefined {
  let first: Life | undefined;
  for (const life of lives) if (life !== undefined && (first === undefined || endOf(life) < endOf(first))) first = life;
  return first;
}

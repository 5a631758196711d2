/** Stands for every name beyond the bound. No environment is named so: names begin with a letter or digit. */
export const otherName = '_other';

/**
 * Names that clients choose, as values of a label: the first ones as they are, the rest as one, so that no client can make
 * the number of series grow. A name that is no longer needed
 * makes room for another.
 */
export class BoundedNames {
  readonly #most: number;
  readonly #names = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The value of the label. */
  of(name: string): string {
    if (this.#names.has(name)) return name;
    if (this.#names.size >= this.#most) return otherName;
    this.#names.add(name);
    return name;
  }

  /** Those that stand for themselves. */
  get known(): Iterable<string> {
    return this.#names;
  }

  /** Where there is no room any more, forgets all but those that are needed; answers what it forgot. */
  makeRoom(names: ReadonlySet<string>): readonly string[] {
    if (this.#names.size < this.#most) return [];
    const gone = [...this.#names].filter((name) => !names.has(name));
    for (const name of gone) this.#names.delete(name);
    return gone;
  }
}

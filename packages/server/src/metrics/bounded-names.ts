/**
 * Stands for every name beyond the bound. No environment can have this name, since their names begin with a letter or
 * digit.
 */
export const otherName = '_other';

/**
 * Names that clients choose, as values of a label. The first ones keep their names and the rest share one, so that no
 * client can make the number of series grow. A name that is no longer needed makes room for another.
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

  /** The names that have a label of their own. */
  get known(): Iterable<string> {
    return this.#names;
  }

  /** When there is no room left, forgets all names but the needed ones; returns the forgotten names. */
  makeRoom(names: ReadonlySet<string>): readonly string[] {
    if (this.#names.size < this.#most) return [];
    const gone = [...this.#names].filter((name) => !names.has(name));
    for (const name of gone) this.#names.delete(name);
    return gone;
  }
}

/** The heard instances, by node and by name. */
import type { Entry } from '@rollcall/core/adapter';
import { keyOfEntry, precedes, type Sighting } from './sighting.ts';

/** Readable instances. A node may be announced by several. */
export class Roll {
  readonly #nodes = new Map<string, Set<Sighting>>();
  readonly #names = new Map<string, Set<Sighting>>();

  of(name: string): Iterable<Sighting> {
    return this.#names.get(name) ?? [];
  }

  /** The best known state of a node. */
  get(key: string): Sighting | undefined {
    let best: Sighting | undefined;
    for (const one of this.#nodes.get(key) ?? []) if (best === undefined || precedes(one, best)) best = one;
    return best;
  }

  /** One entry for each node of a name, or of all names when it is undefined. */
  entries(name: string | undefined): Entry[] {
    const keys =
      name === undefined
        ? this.#nodes.keys()
        : new Set([...this.of(name)].flatMap(({ entry }) => (entry === undefined ? [] : [keyOfEntry(entry)])));
    return [...keys].flatMap((key) => this.get(key)?.entry ?? []);
  }

  add(sighting: Sighting): void {
    if (sighting.entry === undefined) return;
    put(this.#nodes, keyOfEntry(sighting.entry), sighting);
    put(this.#names, sighting.entry.name, sighting);
  }

  remove(sighting: Sighting): void {
    if (sighting.entry === undefined) return;
    drop(this.#nodes, keyOfEntry(sighting.entry), sighting);
    drop(this.#names, sighting.entry.name, sighting);
  }
}

function put<T>(sets: Map<string, Set<T>>, key: string, item: T): void {
  const set = sets.get(key) ?? new Set<T>();
  sets.set(key, set.add(item));
}

function drop<T>(sets: Map<string, Set<T>>, key: string, item: T): void {
  const set = sets.get(key);
  set?.delete(item);
  if (set?.size === 0) sets.delete(key);
}

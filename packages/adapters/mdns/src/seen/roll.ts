/** What was heard, by node and by name. */
import type { DeleteReason } from '@rollcall/core';
import { type Entry, keyOf } from '@rollcall/core/adapter';
import type { Reading } from '../mdns-mapping.ts';
import type { Link } from '../network/link.ts';
import type { Dialect } from './dialects.ts';

/** One instance of another announcer. */
export interface Sighting {
  readonly instance: string;
  readonly dialect: Dialect;
  srv: { readonly target: string; readonly port: number } | undefined;
  txt: readonly Buffer[] | undefined;
  reading: Reading | undefined;
  entry: Entry | undefined;
  link: Link;
  /** Who told of it last. */
  from: string;
  ttlMs: number;
  heardAt: number;
  asked: number;
  /** A goodbye that is not believed yet. */
  leaving: { readonly at: number; readonly reason: DeleteReason } | undefined;
  /** The check that counts; earlier ones in the agenda are void. */
  turn: number;
}

/** The key of an entry's node. */
export const keyOfEntry = ({ name, node }: Entry): string => keyOf(name, node.id);

/** Ours says more than go-micro's form, which says more than nothing; of equals the one heard last. */
const rank = ({ dialect, reading }: Sighting): number => (reading?.owner === undefined ? 0 : 2) + dialect.rank;
const precedes = (a: Sighting, b: Sighting): boolean =>
  rank(a) > rank(b) || (rank(a) === rank(b) && a.heardAt > b.heardAt);

/** Instances that could be read; a node may be announced by several. */
export class Roll {
  readonly #nodes = new Map<string, Set<Sighting>>();
  readonly #names = new Map<string, Set<Sighting>>();

  of(name: string): Iterable<Sighting> {
    return this.#names.get(name) ?? [];
  }

  /** The best that is known of a node. */
  get(key: string): Sighting | undefined {
    let best: Sighting | undefined;
    for (const one of this.#nodes.get(key) ?? []) if (best === undefined || precedes(one, best)) best = one;
    return best;
  }

  /** One for each node of a name; undefined: of all. */
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

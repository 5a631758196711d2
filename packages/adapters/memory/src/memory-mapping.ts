/** Pure: entry <-> what the roll stores of it. */
import type { Entry, EntryKey } from '@rollcall/core/adapter';

/** One driver object. The object that wrote a record last holds its lease. */
export type Holder = object;

/** A stored node: the entry as the guard froze it, and its holder. */
export interface Stored {
  readonly entry: Entry;
  readonly holder: Holder;
}

/** An entry as `holder` writes it. */
export const toStored = (entry: Entry, holder: Holder): Stored => ({ entry, holder });

/** The entries of records. They are frozen, so readers may share them. */
export const toEntries = (records: Iterable<Stored>): Entry[] => Array.from(records, ({ entry }) => entry);

/** The keys without a record: a renewal finds that they are lost. */
export function lostOf(keys: readonly EntryKey[], find: (key: EntryKey) => Stored | undefined): readonly EntryKey[] {
  return keys.filter((key) => find(key) === undefined);
}

/** The first of `keys` whose record is held by another than `holder`. */
export function heldByAnother(
  keys: readonly EntryKey[],
  holder: Holder,
  find: (key: EntryKey) => Stored | undefined,
): EntryKey | undefined {
  return keys.find((key) => {
    const stored = find(key);
    return stored !== undefined && stored.holder !== holder;
  });
}

import type { Entry } from '@rollcall/core/adapter';

/** One driver object: whoever wrote a record last holds its lease. */
export type Holder = object;

/** What the roll stores of a node: the entry as the guard froze it, and its holder. */
export interface Stored {
  readonly entry: Entry;
  readonly holder: Holder;
}

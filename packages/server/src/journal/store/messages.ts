/** Messages between the server's thread and the store's thread. */
import type { Group, Opened, Part, StoreFailure } from './group.ts';

/** The start data of the store's thread. */
export interface StoreStart {
  readonly folder: string;
  /** True: only check that a backup is whole. */
  readonly isBackup: boolean;
}

/** Requests to the store's thread, which answers them in turn. */
export type ToStore =
  | { readonly type: 'begin' }
  | { readonly type: 'commit'; readonly group: Group }
  | { readonly type: 'backup'; readonly file: string }
  | { readonly type: 'close' };

/**
 * Without a request come `opened`, the parts and `done`, and another `done` when all pages are checked. Then each request
 * has its own.
 */
export type FromStore =
  | { readonly type: 'opened'; readonly opened: Opened }
  | { readonly type: 'part'; readonly part: Part }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly failure: StoreFailure };

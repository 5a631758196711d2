/** What the server's thread and the store's thread say to each other. */
import type { Group, Opened, Part, StoreFailure } from './group.ts';

/** What the store's thread is started with. */
export interface StoreStart {
  readonly folder: string;
  /** Only to look whether a backup is whole. */
  readonly isBackup: boolean;
}

/** Asked of the store's thread; each is answered in turn. */
export type ToStore =
  | { readonly type: 'read' }
  | { readonly type: 'commit'; readonly group: Group }
  | { readonly type: 'backup'; readonly file: string }
  | { readonly type: 'close' };

/** `opened` comes unasked; parts come before the `done` of a `read`. */
export type FromStore =
  | { readonly type: 'opened'; readonly opened: Opened }
  | { readonly type: 'part'; readonly part: Part }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly failure: StoreFailure };

/** Messages between the server's thread and the store's thread. */
import type { Group, Opened, Part, StoreFailure } from './group.ts';

/** The start data of the store's thread. */
export interface StoreStart {
  readonly folder: string;
  /** True: only check that a backup is whole. */
  readonly isBackup: boolean;
}

/**
 * A group as one text: a key and a text for each entry, then a revision and a text for each change. The text of a
 * removed entry is empty. To hand over an object for each row would cost ten times as much.
 */
export interface PackedGroup extends Pick<Group, 'forgetUpTo' | 'state'> {
  readonly text: string;
  readonly entries: number;
}

/** NUL occurs neither in keys nor in JSON. */
const separator = '\0';

/** Packs a group for the store's thread. */
export function pack({ entries, changes, forgetUpTo, state }: Group): PackedGroup {
  const texts: (string | number)[] = [];
  for (const [key, text] of entries) texts.push(key, text ?? '');
  for (const [revision, text] of changes) texts.push(revision, text);
  return { text: texts.join(separator), entries: entries.length, forgetUpTo, state };
}

/** Reads what {@link pack} writes. */
export function unpack({ text, entries: count, forgetUpTo, state }: PackedGroup): Group {
  const texts = text === '' ? [] : text.split(separator);
  const entries: [string, string | null][] = [];
  const changes: [number, string][] = [];
  for (let index = 0; index < texts.length; index += 2) {
    const [first = '', second = ''] = [texts[index], texts[index + 1]];
    if (entries.length < count) entries.push([first, second === '' ? null : second]);
    else changes.push([Number(first), second]);
  }
  return { entries, changes, forgetUpTo, state };
}

/** Requests to the store's thread, which answers them in turn. */
export type ToStore =
  | { readonly type: 'begin' }
  | { readonly type: 'commit'; readonly group: PackedGroup }
  | { readonly type: 'backup'; readonly file: string }
  | { readonly type: 'close' };

/**
 * Messages of the store's thread. It sends `opened`, the parts, `done`, and `done` again when all pages are checked,
 * without a request. Then it answers each request with `done` or `failed`.
 */
export type FromStore =
  | { readonly type: 'opened'; readonly opened: Opened }
  | { readonly type: 'part'; readonly part: Part }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly failure: StoreFailure };

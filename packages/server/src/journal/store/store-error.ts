import type { StoreFailure } from './group.ts';

/** A store that cannot be used, or not now. Every message says what to do. */
export class StoreError extends Error {
  readonly kind: StoreFailure['kind'];

  constructor({ kind, message }: StoreFailure, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
    this.kind = kind;
  }

  /** A plain object of the error, which can be passed to another thread. */
  static describe(error: unknown): StoreFailure {
    if (error instanceof StoreError) return { kind: error.kind, message: error.message };
    const { code = '', message } = error as { readonly code?: string; readonly message: string };
    return { kind: 'unwritable', message: code === '' ? message : `${message} (${code})` };
  }
}

const advice =
  '. Nothing was changed. Move the folder away and bring back a backup with rollcall restore, or start with an empty folder: the services register again by themselves';

/** The message about a damaged store, for a caller that does not start a server on it. */
export const withoutAdvice = (message: string): string => message.replace(advice, '');

/** The error for a damaged store, in which nothing is changed. */
export function corrupt(file: string, what: string, cause?: unknown): StoreError {
  const message = `the store ${file} is damaged: ${what}${advice}`;
  return new StoreError({ kind: 'corrupt', message }, cause);
}

/** Whether SQLite found a file that is not what it wrote. */
export const isDamage = (error: unknown): boolean =>
  /^SQLITE_(?:CORRUPT|NOTADB|FORMAT)/.test(String((error as { readonly code?: unknown }).code)) ||
  /malformed|not a database/.test(String((error as Error).message));

/** Whether SQLite found that another process holds the file. */
export const isLocked = (error: unknown): boolean =>
  /^SQLITE_(?:BUSY|LOCKED)/.test(String((error as { readonly code?: unknown }).code));

import { parseTime } from '@rollcall/core/adapter';

/** How the values of a setting are read, from each source, and written. */
export interface Kind<T> {
  /** The allowed values, as the end of "must be ...". */
  readonly allowed: string;
  /** Reads the text of a flag or variable, or a value of the file; undefined: not allowed. */
  readonly read: (given: unknown) => T | undefined;
  /** The value as a user types it. */
  readonly write: (value: T) => string;
}

/** Text that is not empty, such as an address or a path. */
export const text = (allowed: string): Kind<string> => ({
  allowed,
  read: (given) => (typeof given === 'string' && given.trim() !== '' ? given.trim() : undefined),
  write: (value) => value,
});

/** A whole number. */
export const wholeNumber = (from: number, to: number, allowed: string = `a number, ${from}-${to}`): Kind<number> => ({
  allowed,
  read: (given) => {
    const isWritten = typeof given === 'number' || (typeof given === 'string' && /^\d{1,16}$/.test(given));
    const number = Number(given);
    return isWritten && Number.isInteger(number) && number >= from && number <= to ? number : undefined;
  },
  write: String,
});

/** One of several words. */
export const choice = <T extends string>(...words: readonly T[]): Kind<T> => ({
  allowed: words.length === 2 ? words.join(' or ') : `one of ${words.join(', ')}`,
  read: (given) => words.find((word) => word === given),
  write: (value) => value,
});

/** Yes or no. As a flag it needs no value. */
export const yesOrNo: Kind<boolean> = {
  allowed: 'true or false',
  read: (given) =>
    given === true || given === 'true' ? true : given === false || given === 'false' ? false : undefined,
  write: String,
};

/** A time in milliseconds. */
export const time: Kind<number> = {
  allowed: 'a time such as 500ms, 90s or 2m, or 0',
  read: (given) => {
    if (/^0(?:ms|s|m|h)?$/.test(String(given))) return 0;
    return typeof given === 'string' ? parseTime(given) : undefined;
  },
  write: (ms) => (ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`),
};

/** Names: a list in the file, separated by commas in flags and variables. */
export const names: Kind<readonly string[]> = {
  allowed: 'names, separated by commas or as a list',
  read: (given) => {
    const items: readonly unknown[] = Array.isArray(given) ? given : typeof given === 'string' ? given.split(',') : [];
    const found = items.flatMap((item) => (typeof item === 'string' && item.trim() !== '' ? [item.trim()] : []));
    return found.length > 0 && (typeof given === 'string' || found.length === items.length) ? found : undefined;
  },
  write: (value) => value.join(','),
};

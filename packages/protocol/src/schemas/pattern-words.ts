import { limits } from '@rollcall/core';

/** Numbers in a query or a path, which are text. */
export const numberPatterns = {
  /** How many milliseconds a request may wait for a change; at most a minute. */
  waitMs: '^(?:[0-9]{1,4}|[1-5][0-9]{4}|60000)$',
  /** How many changes an answer may have. */
  limit: '^(?:[1-9][0-9]{0,2}|1000)$',
  handle: '^[0-9]{1,16}$',
} as const;

const { patterns } = limits;

/** Each pattern in words, as the end of "must be ...", so that a caller need not read the pattern. */
export const patternWords: Readonly<Record<string, string>> = {
  [patterns.serviceName]: '1-63 of [a-z0-9._-], starting with a letter or digit',
  [patterns.nodeId]: '1-255 of [A-Za-z0-9._:-], starting with a letter or digit',
  [patterns.version]: '0-64 printable ASCII characters',
  [patterns.metadataKey]: '1-128 of [A-Za-z0-9._/-]',
  [patterns.namespace]: '1-63 of [A-Za-z0-9._-], starting with a letter or digit',
  [patterns.readableName]: '1-255 printable characters',
  [numberPatterns.waitMs]: 'a number of milliseconds, 0-60000',
  [numberPatterns.limit]: 'a number, 1-1000',
  [numberPatterns.handle]: 'a handle: a number that a register has answered',
};

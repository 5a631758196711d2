import { setFlagsFromString } from 'node:v8';

/**
 * Percent by which the heap may grow before V8 collects all of it. By default a busy server grows to four times its
 * live heap and gives none of that back. A lower figure takes less memory, and more CPU while a fleet registers. It
 * costs nothing while a fleet only renews, because renewals leave nothing to collect.
 */
const heapGrowth = 50;

/** The flag. V8 reads `-` and `_` between its words alike. */
const flag = /^--heap[-_]growing[-_]percent(?:=|$)/;

/** Whether the user has set the growth of the heap: by an argument of Node, or in NODE_OPTIONS. */
export function setsHeapGrowth(execArgv: readonly string[], nodeOptions = ''): boolean {
  return [...execArgv, ...nodeOptions.split(/\s+/)].some((argument) => flag.test(argument));
}

/** Bounds the growth of this process's heap, unless the user has set it. */
export function boundHeapGrowth(execArgv: readonly string[], nodeOptions: string | undefined): void {
  if (!setsHeapGrowth(execArgv, nodeOptions)) setFlagsFromString(`--heap-growing-percent=${heapGrowth}`);
}

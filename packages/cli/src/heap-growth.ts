import { setFlagsFromString } from 'node:v8';

/**
 * By how much the heap may grow until V8 collects all of it. Left alone, V8 lets a busy server grow to four times what
 * it keeps, and gives none of that back. A lower figure takes less memory and more CPU while a fleet registers. It
 * costs nothing while a fleet only renews, which leaves nothing to collect. Percent.
 */
const heapGrowth = 50;

/** The flag as V8 reads it, with either sign between its words. */
const flag = /^--heap[-_]growing[-_]percent(?:=|$)/;

/** Whether the user has set the growth of the heap: by an argument of Node, or in NODE_OPTIONS. */
export function setsHeapGrowth(execArgv: readonly string[], nodeOptions = ''): boolean {
  return [...execArgv, ...nodeOptions.split(/\s+/)].some((argument) => flag.test(argument));
}

/** Bounds the growth of this process's heap, unless the user has. */
export function boundHeapGrowth(execArgv: readonly string[], nodeOptions: string | undefined): void {
  if (!setsHeapGrowth(execArgv, nodeOptions)) setFlagsFromString(`--heap-growing-percent=${heapGrowth}`);
}

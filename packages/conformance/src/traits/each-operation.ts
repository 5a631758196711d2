import type { Operation } from '../kit/operations.ts';

/** One case per operation; `%s` in the title is its name. */
export function eachOperation<B>(
  operations: readonly Operation[],
  title: string,
  body: (operation: Operation) => B,
): Record<string, B> {
  return Object.fromEntries(operations.map((operation) => [title.replace('%s', operation.name), body(operation)]));
}

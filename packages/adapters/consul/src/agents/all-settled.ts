/**
 * Runs `work` for each item. Rejects with the first failure, but only when all have ended, so that no write under way
 * can overtake the next call.
 */
export async function allSettled<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = await Promise.allSettled(items.map(work));
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

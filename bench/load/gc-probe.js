// The server's Node loads this probe by --import. The probe writes the longest pauses of the server's collections to
// the file that the query names.
import { writeFileSync } from 'node:fs';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = new URL(import.meta.url).searchParams.get('file');
if (isMainThread && file !== null) {
  const longest = { full: 0, other: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { duration, detail } = /** @type {{ duration: number, detail: { kind: number } }} */ (
        /** @type {unknown} */ (entry)
      );
      const kind = detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR ? 'full' : 'other';
      if (duration <= longest[kind]) continue;
      longest[kind] = duration;
      writeFileSync(file, JSON.stringify(longest));
    }
  }).observe({ entryTypes: ['gc'] });
}

import { expect, test } from 'vitest';
import { aimsTable } from '../report/aims.js';
import { picture } from '../report/picture.js';
import { type Run, ratios, table } from '../report/report.js';

const growthHead = '| instances / services / environments | cancel | read |\n|---|---|---|';
const run: Run = {
  peers: {
    rollcall: [
      { renew: 100, get: 70, list: 0.3, memory100k: 900 },
      { renew: 140, get: 70, list: 0.1, memory100k: 1_100 },
      { renew: 120, get: 70, list: 0.2, memory100k: 1_000 },
    ],
    etcd: [{ renew: 100, get: 7, memory100k: 4_000 }],
    Redis: [{ renew: 480, getHash: 140 }],
  },
  client: { own: [], beside: [] },
  growth: `${growthHead}\n| 10,000 / 1,000 / 1 | 10 | 1 |\n| 10,000 / 1,000 / 1,000 | 30 | 1.5 |`,
  failures: [],
  machine: '',
};

test('the table of results has medians, ranges and rounds, and leaves out rows that were not measured', () => {
  expect(table(run.peers).split('\n')).toEqual([
    '|  | rollcall | etcd | Redis | rounds |',
    '| --- | ---: | ---: | ---: | ---: |',
    '| renew, one per request, per CPU second | 120 (100-140) | 100 | 480 | 3 |',
    '| get of 100 instances, warm (unchanged), per CPU second | 70 (70-70) | 7 | - | 3 |',
    '| the same from a hash per service (HVALS), per CPU second | - | - | 140 | 1 |',
    '| list of 100 services, p50, ms | 0.2 (0.1-0.3) | - | - | 3 |',
    '| memory per instance, 100,000, bytes | 1,000 (900-1,100) | 4,000 | - | 3 |',
  ]);
});

test("the report compares our read with a peer's read of a hash", () => {
  expect(ratios(run.peers)).toContain('| the same from a hash per service (HVALS) | - | 0.50 x |');
});

test('the table of aims says of each by its measured ratio: aim reached, reached, not reached or not measured', () => {
  const lines = aimsTable(run).split('\n');
  const verdictOf = (name: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`| ${name} |`))
      ?.split(' | ')
      .at(-1);
  expect(verdictOf('get of 100 instances, warm (unchanged), to etcd')).toBe('aim reached |');
  expect(verdictOf('renew, one per request, to etcd')).toBe('reached |');
  expect(verdictOf('renew, one per request, to Redis')).toBe('**not reached** |');
  expect(verdictOf('renew, one per request, to 40-line server')).toBe('not measured |');
  expect(verdictOf('list of 100 services, p50')).toBe('reached |');
  expect(verdictOf('memory per instance, 100,000')).toBe('reached |');
  expect(verdictOf('read with 1,000 environments, to one environment')).toBe('reached |');
  expect(verdictOf('cancel with 1,000 environments, to one environment')).toBe('**not reached** |');
});

test('in the picture, the longest bar stands for the most operations, or for the least memory', () => {
  const bars = [...picture(run.peers).matchAll(/<rect [^>]*width="(\d+\.\d)"/g)].map(([, width]) => Number(width));
  // renew: rollcall, etcd, Redis; get: rollcall, etcd; memory: rollcall, etcd. The hash row is left out.
  expect(bars).toEqual([115, 95.8, 460, 460, 46, 460, 115]);
});

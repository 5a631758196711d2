import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { phases } from '../phases/phases.js';
import { clientRows, rows } from '../phases/rows.js';
import type { Run } from '../report/report.js';

const bench = fileURLToPath(new URL('../run.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The test leaves out the larger crash: it is the same phase with more instances, and takes a TTL. */
const played = [...Object.keys(phases), 'client', 'growth'].filter((name) => name !== 'large-crash').join();

const run = (...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> =>
  promisify(execFile)(process.execPath, [bench, ...args]);

/** Whether the row has no figure in a tiny run: many watchers, the hashes that only Redis has, and the larger crash. */
const isLeftOut = (row: string): boolean => /1000$|5000$|^getHash$|^crash100k$/.test(row);
/**
 * Whether the 40-line server has no figure in the row: it stores nothing, and has no batches for a million instances.
 */
const isOursAlone = (row: string): boolean => /^restart|^registerAll$|1m$|^gc/.test(row);

test('every phase of the benchmark measures our server and the 40-line server, and fills its rows', {
  timeout: 300_000,
}, async () => {
  const results = join(folder, 'results.json');
  await run('--tiny', '--peers', 'rollcall,floor', '--only', played, '--results', results);
  const { peers, client, growth, failures }: Run = JSON.parse(readFileSync(results, 'utf8'));
  expect(failures).toEqual([]);
  const rowsOf = (peer: string): ReadonlySet<string> =>
    new Set(
      (peers[peer] ?? []).flatMap((figures) => Object.keys(figures).filter((row) => typeof figures[row] === 'number')),
    );
  const wanted = Object.keys(rows).filter((row) => !isLeftOut(row));
  expect(wanted.filter((row) => !rowsOf('rollcall').has(row))).toEqual([]);
  expect(wanted.filter((row) => !isOursAlone(row) && !rowsOf('40-line server').has(row))).toEqual([]);
  for (const side of [client.own, client.beside])
    expect(Object.keys(side[0] ?? {}).sort()).toEqual(Object.keys(clientRows).sort());
  expect(growth).toContain('| 1,000 / 100 / 1 |');

  const { stdout } = await run('--from', results, '--no-write');
  for (const text of [
    rows.renew?.name,
    'rollcall :',
    'server / load',
    clientRows.getService?.name,
    '| not measured |',
    growth,
  ])
    expect(stdout).toContain(text);
});

test('the benchmark refuses a phase or a peer that it does not know, and names those that it knows', async () => {
  await expect(run('--only', 'renews')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('renewAll') });
  await expect(run('--peers', 'zookeeper')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('floor'),
  });
  expect((await run('--help')).stdout).toContain('--quick');
});

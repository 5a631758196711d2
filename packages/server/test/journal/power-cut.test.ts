import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manualClock } from '@rollcall/core/testing';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { findBinary, freePorts, tenthOf } from '../../../backends/src/index.ts';
import { readChange, readKept } from '../../src/journal/records.ts';
import { StoreThread } from '../../src/journal/store/store-thread.ts';
import type { Change } from '../../src/roll/followers.ts';
import type { Kept } from '../../src/roll/keeping.ts';
import { client, running, watch } from '../http.ts';
import { seeded } from '../random.ts';
import { newFolder, removeFolders } from './folders.ts';
import { makeImage, readTrace, straceArguments } from './power-cut.ts';

const bin = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));
const images = tenthOf(200);
afterAll(removeFolders);

/**
 * Runs a server under strace while instances register, renew, are cancelled and expire; returns the server's operations
 * on its folder.
 */
async function record() {
  const root = realpathSync(newFolder());
  const folder = join(root, 'data');
  const trace = join(root, 'trace');
  const [port] = await freePorts(1);
  const serve = [bin, 'serve', '--port', `${port}`, '--data-dir', folder, '--quiet', '--protection', 'off'];
  const child = spawn(await findBinary('strace'), [...straceArguments(trace), process.execPath, ...serve], {
    stdio: 'inherit',
  });
  const ended = once(child, 'exit');
  try {
    const url = `http://127.0.0.1:${port}`;
    const { ask, register } = client(url);
    await expect
      .poll(
        () =>
          fetch(`${url}/readyz`)
            .then(({ status }) => status)
            .catch(() => 0),
        { timeout: 60_000 },
      )
      .toBe(200);
    const told = watch(`${url}/api/watch?env=e`);
    await told.next();
    const hearing = (async () => {
      for await (const _ of told);
    })();
    hearing.catch(() => {});
    const pad = 'x'.repeat(900);
    for (let index = 0; index < 240; index += 1) {
      const shape = { env: 'e', appid: `app-${index % 3}`, addrs: ['10.0.0.1:80'], metadata: { pad } };
      await register({
        ...shape,
        hostname: `n${index}`,
        ttlMs: index % 4 === 0 ? 1_000 : 60_000,
        renewIntervalMs: 1_000,
      });
      if (index % 3 !== 2) continue;
      const keys = [{ env: 'e', appid: `app-${(index - 2) % 3}`, hostname: `n${index - 2}` }];
      await ask('POST', '/api/cancel', { keys });
    }
  } finally {
    // The signal goes to the server itself: strace exits as the server does.
    execFileSync('pkill', ['-TERM', '-P', `${child.pid}`]);
    await ended;
  }
  return readTrace(trace, folder, (text) => text.includes('"revision":') || text.includes('\nid: '));
}

/** The revisions in an answer, or in a series of events. */
const revisionsIn = (text: string): number[] =>
  [...text.matchAll(/"revision":(\d+)|^id: \w+:(\d+)$/gm)].map(([, answer, event]) => Number(answer ?? event));

async function contentOf(folder: string) {
  const store = StoreThread.start(folder, true);
  const entries = new Map<string, Kept>();
  const changes: Change[] = [];
  try {
    await store.read((part) => {
      for (const [key, text] of part.entries) entries.set(key, readKept(key, text, 0));
      for (const [, text] of part.changes) changes.push(readChange(text));
    });
    return {
      changes,
      listed: [...entries].flatMap(([key, { listing }]) => (listing === undefined ? [] : [key])).sort(),
    };
  } finally {
    await store.close();
  }
}

/** The content of the roll after these changes. */
function replay(changes: readonly Change[]): string[] {
  const listed = new Set<string>();
  for (const { type, instance } of changes) {
    const key = `${instance.env}/${instance.service}/${instance.id}`;
    if (type === 'put') listed.add(key);
    else listed.delete(key);
  }
  return [...listed].sort();
}

it(`the store opens on each of ${images} images of its folder after a power cut, with all that clients had been told`, async () => {
  expect(existsSync(bin)).toBe(true);
  const operations = await record();
  const first = operations.findIndex(({ type }) => type === 'told');
  expect(operations.filter(({ type }) => type === 'sync').length).toBeGreaterThan(200);
  expect(operations.filter(({ type }) => type === 'remove').length).toBeGreaterThan(0);
  const whole = newFolder();
  makeImage(operations, whole, () => 0.5);
  const { changes: all } = await contentOf(whole);
  expect(all.some((change) => change.type === 'remove' && change.reason === 'expired')).toBe(true);
  const target = newFolder();
  const seed = fc.sample(fc.nat({ max: 2 ** 31 - 1 }), 1)[0]!;
  const next = seeded(seed);
  let cutOff = 0;
  for (let image = 0; image < images; image += 1) {
    const cut = first + 1 + Math.floor(next() * (operations.length - first - 1));
    const before = operations.slice(0, cut);
    makeImage(before, target, next);
    const told = Math.max(
      0,
      ...before.flatMap((operation) => (operation.type === 'told' ? revisionsIn(operation.text) : [])),
    );
    const where = `seed ${seed}, image ${image}, after operation ${cut} of ${operations.length}`;
    const { changes, listed } = await contentOf(target).catch((cause: unknown) => {
      throw new Error(`${where}: ${String(cause)}`);
    });
    const last = changes.at(-1)?.revision ?? 0;
    expect(last, where).toBeGreaterThanOrEqual(told);
    if (last < all.length) cutOff += 1;
    // The log may end with changes that the server had told to no client. It still is one history, and the roll is the
    // result of that history.
    expect(changes, where).toEqual(all.slice(0, last));
    expect(listed, where).toEqual(replay(changes));
    const server = await running({ dataDir: target, clock: manualClock() });
    expect((await server.list()).length, where).toBe(listed.length);
    await server.server.close();
  }
  expect(cutOff).toBeGreaterThan(images / 2);
}, 900_000);

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Registry } from '@rollcall/core';
import { afterEach, expect, it } from 'vitest';
import { freePorts } from '../../../backends/src/index.ts';
import { discovery } from '../src/index.ts';

const bin = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));
const services = 100;
const silent = 5;
const terms = { ttlMs: 5_000, renewIntervalMs: 1_000 };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const until = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
  const deadline = Date.now() + 30_000;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`not within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** A server with a small disk of its own as data folder. Other processes reach it only through the server's /proc. */
async function serveOnSmallDisk(): Promise<{ address: string; disk: string; child: ChildProcess }> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-disk-'));
  const [port] = await freePorts(1);
  const serve = `exec "$0" "$1" serve --port ${port} --data-dir "$2/data" --log-level error --quiet --no-warm-up`;
  const script = `mount -t tmpfs -o size=8m none "$2" && ${serve}`;
  const child = spawn('unshare', ['-rm', 'sh', '-c', script, process.execPath, bin, folder], { stdio: 'inherit' });
  cleanUps.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const address = `127.0.0.1:${port}`;
  await until(async () => (await fetch(`http://${address}/readyz`)).ok, 'the server is ready');
  return { address, disk: `/proc/${child.pid}/root${folder}`, child };
}

/** Fills the disk; the returned function frees the space again. */
function fill(disk: string): () => void {
  const path = join(disk, 'filler');
  const file = openSync(path, 'w');
  for (const size of [1_048_576, 4_096]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
  return () => rmSync(path);
}

it('a server goes on with reads and renewals while its disk is full, refuses writes with the reason, and recovers by itself', async () => {
  const { address, disk, child } = await serveOnSmallDisk();
  const open = (): Registry => {
    const registry = discovery({ addresses: [address] });
    cleanUps.push(() => registry.close({ withdraw: false }));
    return registry;
  };
  const registries = Array.from({ length: services }, open);
  const failures: unknown[] = [];
  const renewing = new Set<number>(registries.keys());
  const register = (index: number) =>
    registries[index]!.register({ name: 'fleet', nodes: [{ id: `n${index}`, address: '10.0.0.1:80' }] }, terms);
  await Promise.all(registries.map((_, index) => register(index)));
  const timer = setInterval(() => {
    for (const index of renewing) register(index).catch((error: unknown) => failures.push(error));
  }, terms.renewIntervalMs);
  cleanUps.push(() => clearInterval(timer));
  const reader = open();
  const count = async () => (await reader.getService('fleet')).flatMap(({ nodes }) => nodes).length;
  expect(await count()).toBe(services);

  const giveBack = fill(disk);
  // The server's log may still have some room: the disk is full for good once the server refuses a write.
  const newcomer = open();
  let written = 0;
  const write = () =>
    newcomer.register({
      name: 'new',
      nodes: [{ id: `new${written}`, address: '10.0.0.2:80' }],
      metadata: { pad: 'x'.repeat(1_000) },
    });
  await until(async () => {
    const refused = await write().then(
      () => undefined,
      (error: Error) => error,
    );
    written += 1;
    return (
      refused !== undefined &&
      /the store cannot be written \(.*(?:full|I\/O).*\): nothing is registered/.test(refused.message)
    );
  }, 'a write is refused with the reason');
  await expect(write()).rejects.toMatchObject({ code: 'UNAVAILABLE' });

  for (let index = 0; index < silent; index += 1) renewing.delete(index);
  await new Promise((resolve) => setTimeout(resolve, terms.ttlMs + 2_000));
  // The server neither evicts the silent instances nor marks them.
  expect(await count()).toBe(services);
  expect(failures).toEqual([]);
  expect(child.exitCode).toBe(null);
  // One silent instance returns before there is room. The server has not evicted it, so this counts as a renewal.
  await register(0);
  renewing.add(0);

  giveBack();
  await until(async () => write().then(() => true), 'a write succeeds');
  await until(async () => (await count()) === services - (silent - 1), 'the silent are evicted');
  expect(failures).toEqual([]);
  expect((await reader.getService('new')).length).toBe(1);
}, 120_000);

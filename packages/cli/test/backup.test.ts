import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from '@rollcall/server';
import { afterAll, describe, expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../bin/rollcall.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rollcall-backup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rollcall = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(process.execPath, [bin, ...args], (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });

async function serving(dataDir: string | undefined) {
  const server = createServer({ port: 0, dataDir });
  const { url } = await server.listen();
  const list = async () =>
    (
      (await (await fetch(`${url}/api/fetch/all?env=e`)).json()) as { data: { instances: { hostname: string }[] } }
    ).data.instances.map(({ hostname }) => hostname);
  return { server, url, list };
}

describe('rollcall backup and restore', () => {
  it('rollcall backup writes the roll of a running server to one file, and rollcall restore makes a data folder of it', async () => {
    const { server, url } = await serving(join(folder, 'first'));
    const instance = { env: 'e', appid: 'web', hostname: 'a', addrs: ['10.0.0.1:80'], ttlMs: 60_000 };
    const body = JSON.stringify({ instances: [instance] });
    await fetch(`${url}/api/register`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const file = join(folder, 'roll.bak');
    expect(await rollcall('backup', file, '--registry-address', url)).toMatchObject({ code: 0, err: '' });
    expect(await rollcall('backup', file, '--registry-address', url)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/exists already: name another file/),
    });
    expect(readdirSync(join(folder, 'first')).filter((name) => name.startsWith('backup'))).toEqual([]);
    await server.close();
    const dataDir = join(folder, 'second');
    expect(await rollcall('restore', file, '--data-dir', dataDir)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^restored 1 instance into .*: start a server with rollcall serve --data-dir/),
    });
    expect(await rollcall('restore', file, '--data-dir', dataDir)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/is not empty: name a new one, so that no roll is overwritten/),
    });
    const again = await serving(dataDir);
    expect(await again.list()).toEqual(['a']);
    await again.server.close();
    const half = join(folder, 'half.bak');
    writeFileSync(half, readFileSync(file));
    truncateSync(half, 8_192);
    expect(await rollcall('restore', half, '--data-dir', join(folder, 'third'))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/half\.bak cannot be restored: .* is damaged/),
    });
    expect(readdirSync(join(folder, 'third'))).toEqual([]);
  }, 120_000);

  it('rollcall backup says that a server without a data folder has nothing to back up', async () => {
    const { server, url } = await serving(undefined);
    expect(await rollcall('backup', join(folder, 'none.bak'), '--registry-address', url)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/keeps no roll that could be backed up: start it with --data-dir\n$/),
    });
    expect(readdirSync(folder)).not.toContain('none.bak');
    await server.close();
  });
});

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Authority } from '../../../server/test/access/certificates.ts';
import { inRepository, textOf } from './repository.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-sample-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rollcall = (...args: readonly string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const command = [inRepository('packages/cli/bin/rollcall.js'), ...args];
    const child = execFile(process.execPath, command, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });

describe('deploy/rollcall.yaml', () => {
  it('the settings in deploy/rollcall.yaml are valid once their files exist, and a message names each file that is missing or wrong', async () => {
    const config = join(folder, 'rollcall.yaml');
    writeFileSync(
      config,
      textOf('deploy/rollcall.yaml')
        .replaceAll(/\/(?:etc|var\/log|var\/lib)\/rollcall/g, folder)
        .replace('port: 7171', 'port: 0'),
    );
    const missing = await rollcall('serve', '--config', config, '--check-config');
    expect(missing.code).toBe(2);
    expect(missing.err).toMatch(/^rollcall: tokens-file \(.*rollcall\.yaml:8\): .*tokens\.json/m);
    expect(missing.err).toMatch(/^rollcall: tls-cert \(.*rollcall\.yaml:9\): .*tls\.crt/m);
    const pair = await (await Authority.make('ours')).sign('server');
    writeFileSync(join(folder, 'tls.crt'), pair.cert);
    writeFileSync(join(folder, 'tls.key'), pair.key, { mode: 0o600 });
    const made = await rollcall(
      'token',
      'create',
      'ops',
      '--role',
      'admin',
      '--tokens-file',
      join(folder, 'tokens.json'),
    );
    expect(made).toMatchObject({ code: 0 });
    const checked = await rollcall('serve', '--config', config, '--check-config');
    expect(checked).toMatchObject({ code: 0, err: '' });
    expect(checked.out).toMatch(/^valid\n/);
    expect(checked.out).not.toContain(made.out.trim());
  });
});

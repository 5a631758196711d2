import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { inRepository, textOf } from './repository.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'rollcall-systemd-'));
const endings: (() => unknown)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bin = inRepository('packages/cli/bin/rollcall.js');
const unit = textOf('deploy/systemd/rollcall.service');
const settingIn = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

/** Writes the unit with the program's path on this machine, and returns the path of the unit. */
function unitFile(): string {
  const path = join(folder, 'rollcall.service');
  writeFileSync(path, unit.replace('/usr/local/bin/rollcall', bin));
  return path;
}

/** Starts the server with the variables and arguments that are given. */
function serve(env: Record<string, string>, ...args: readonly string[]) {
  const child = spawn(process.execPath, [bin, 'serve', '--port', '0', '--json', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endings.push(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return { child, ended, lines: createInterface(child.stdout), err: () => err };
}

describe('the systemd unit', () => {
  it('systemd accepts the unit without a warning, and the unit leaves the server next to no rights', async () => {
    const { stdout, stderr } = await run('systemd-analyze', ['verify', unitFile()]);
    expect(stdout + stderr).toBe('');
    // The command fails above the threshold of 2.0 points of 10. A unit without hardening has 9.6 points.
    await run('systemd-analyze', ['security', '--offline=yes', '--no-pager', '--threshold=20', unitFile()]);
  });

  it('the systemd unit runs the server as the user that the sysusers file makes', async () => {
    const file = inRepository('deploy/systemd/rollcall.sysusers.conf');
    const { stdout, stderr } = await run('systemd-sysusers', ['--dry-run', file]);
    expect(stdout + stderr).toContain(`Creating user '${settingIn('User')}'`);
  });

  it('systemd-notify tells systemd when the server serves and when it ends, and systemd takes the exit code of the server for success', {
    timeout: 90_000,
  }, async () => {
    const socket = join(folder, 'notify');
    const receiver = spawn('perl', [fileURLToPath(new URL('datagrams.pl', import.meta.url)), socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endings.push(() => receiver.kill('SIGKILL'));
    const told: string[] = [];
    createInterface(receiver.stdout).on('line', (line) => told.push(line));
    await expect.poll(() => told, { timeout: 25_000 }).toEqual(['bound']);
    const { child, ended, lines } = serve({ NOTIFY_SOCKET: socket });
    const [line] = (await once(lines, 'line')) as [string];
    const { url } = JSON.parse(line) as { url: string };
    await expect.poll(() => told.join('\n'), { timeout: 25_000 }).toContain(`READY=1 STATUS=serving at ${url}`);
    expect(told.join('\n')).not.toContain('STOPPING');
    child.kill('SIGTERM');
    const [code] = (await ended) as [number];
    expect(`${code}`).toBe(settingIn('SuccessExitStatus'));
    await expect.poll(() => told.join('\n'), { timeout: 25_000 }).toContain('STOPPING=1');
  });

  it('systemd does not restart a server that ended because of a wrong setting', async () => {
    const [code] = (await serve({}, '--host', '10.0.0.1').ended) as [number];
    expect(`${code}`).toBe(settingIn('RestartPreventExitStatus'));
  });

  it('the server serves without systemd, and where systemd-notify is missing', async () => {
    const { lines, err } = serve({ NOTIFY_SOCKET: join(folder, 'nothing'), PATH: folder });
    const [line] = (await once(lines, 'line')) as [string];
    await expect.poll(err, { timeout: 25_000 }).toContain('systemd was not told of the state of the server');
    expect((await fetch(`${(JSON.parse(line) as { url: string }).url}/healthz`)).status).toBe(200);
  });
});

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../src/logging/create-logger.ts';

const bin = fileURLToPath(new URL('../bin/rollcall.js', import.meta.url));

const captured = (format: 'json' | 'pretty', level: 'debug' | 'info' = 'info') => {
  const lines: string[] = [];
  return { lines, logger: createLogger({ level, format }, { write: (line) => void lines.push(line) }) };
};

describe('the logger of rollcall serve', () => {
  it('the logger writes one JSON object a line, with time, level and the fields of the event', () => {
    const { lines, logger } = captured('json');
    logger.debug({}, 'not wanted');
    logger.warn({ env: 'prod', missing: 3 }, 'self-protection of prod is on');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      ...{ level: 'warn', env: 'prod', missing: 3, msg: 'self-protection of prod is on' },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  it.each(['json', 'pretty'] as const)(
    'the logger writes no secret as %s, whatever field it is logged under',
    (format) => {
      const { lines, logger } = captured(format);
      const headers = { authorization: 'Bearer s3cr3t', cookie: 's3cr3t' };
      logger.error({ token: 's3cr3t', headers, request: { headers } }, 'a mistake');
      logger.error({ options: { token: 's3cr3t', password: 's3cr3t' } }, 'another');
      expect(lines).toHaveLength(2);
      expect(lines.join('')).not.toContain('s3cr3t');
    },
  );

  it('a name in a log line cannot move the cursor of a terminal or begin a line', () => {
    const { lines, logger } = captured('pretty');
    logger.info({}, 'evicted \u001b[2J\n12:00:00 error all is lost');
    expect(lines).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d .*info.* evicted \\u\{1b\}\[2J\\u\{a\}12:00:00 error/),
    ]);
  });

  it('the pretty log shows the stack of an error', () => {
    const { lines, logger } = captured('pretty');
    logger.error({ err: new Error('the disk is full') }, 'the server failed');
    expect(lines[0]).toMatch(/the server failed\n {4}Error: the disk is full\n {4}at /);
  });
});

describe('rollcall serve', () => {
  /** Starts the server; `url` resolves when it serves, `lines` to the lines of its log when it has ended. */
  function start(...args: string[]) {
    const child = execFile(process.execPath, [bin, 'serve', '--port', '0', '--json', '--no-warm-up', ...args]);
    let err = '';
    child.stderr?.on('data', (chunk) => {
      err += chunk;
    });
    return {
      child,
      url: once(createInterface(child.stdout!), 'line').then(
        ([line]) => (JSON.parse(line as string) as { url: string }).url,
      ),
      lines: once(child, 'close').then(() => err.split('\n').filter((text) => text !== '')),
    };
  }

  /** Starts the server, sends it a request, and ends it; returns the lines of its log. */
  async function logOf(...args: string[]): Promise<string[]> {
    const { child, lines, ...server } = start(...args);
    const url = await server.url;
    await (
      await fetch(`${url}/api/services?env=e&token=s3cr3t`, { headers: { authorization: 'Bearer s3cr3t' } })
    ).text();
    child.kill('SIGTERM');
    return lines;
  }

  it('without a terminal rollcall serve logs JSON: its start with the settings that differ from the defaults, and its end', async () => {
    const lines = await logOf('--log-requests', 'all');
    const events = lines.map((line) => JSON.parse(line) as { msg: string; settings?: object; route?: string });
    expect(events.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^serving at http:\/\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^GET \/api\/services 200 in \d+ ms$/),
      expect.stringMatching(/^ending/),
      'ended',
    ]);
    expect(events[0]?.settings).toEqual({ port: '0', 'warm-up': '0s', 'log-requests': 'all' });
    expect(lines.join()).not.toContain('s3cr3t');
  });

  it('rollcall serve writes no token into a log line, whatever a client does with the token', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-logging-'));
    const file = join(folder, 'tokens.json');
    const create = [bin, 'token', 'create', 'web', '--role', 'admin', '--tokens-file', file, '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, create);
    const { token } = JSON.parse(stdout) as { token: string };
    const server = start('--log-requests', 'all', '--log-level', 'debug', '--slow-request', '0', '--tokens-file', file);
    const url = await server.url;
    const body = JSON.stringify({ instances: [{ env: token, appid: token, hostname: token, addrs: [token] }] });
    const json = { 'content-type': 'application/json' };
    const texts: string[] = [];
    for (const headers of [{ authorization: `Bearer ${token}` }, { authorization: token }, { cookie: token }] as Record<
      string,
      string
    >[])
      for (const [path, init] of [
        [`/api/services?env=e&token=${token}`, { headers }],
        [`/api/leases/${token}`, { headers, method: 'PUT' }],
        [`/${token}`, { headers }],
        ['/api/register', { headers: { ...headers, ...json }, method: 'POST', body: 'null' }],
        ['/api/register', { headers: { ...headers, ...json }, method: 'POST', body }],
      ] as const)
        await (await fetch(`${url}${path}`, init)).text();
    texts.push(await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text());
    server.child.kill('SIGHUP');
    server.child.kill('SIGTERM');
    const lines = await server.lines;
    rmSync(folder, { recursive: true, force: true });
    expect(lines.length).toBeGreaterThan(15);
    expect(texts[0]).toContain('rollcall_request_duration_seconds_count');
    // An environment named like the token would be a label of the metrics, but the server refuses the name as too long.
    expect([...lines, ...texts].filter((text) => text.includes(token))).toEqual([]);
  });

  it('rollcall serve logs nothing below the level that is set, and with --quiet only errors', async () => {
    expect(await logOf('--quiet')).toEqual([]);
    expect(await logOf('--log-level', 'warn', '--host', '0.0.0.0', '--insecure')).toEqual([
      expect.stringMatching(/"level":"warn".*insecure: every client that reaches this address/),
    ]);
  });
});

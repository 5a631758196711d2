import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
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
  /** Runs it until it serves, asks it something, ends it; answers what it logged. */
  async function logOf(...args: string[]): Promise<string[]> {
    const child = execFile(process.execPath, [bin, 'serve', '--port', '0', '--json', '--no-warm-up', ...args]);
    let err = '';
    child.stderr?.on('data', (chunk) => {
      err += chunk;
    });
    const closed = once(child, 'close');
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
    const { url } = JSON.parse(line) as { url: string };
    await (
      await fetch(`${url}/api/services?env=e&token=s3cr3t`, { headers: { authorization: 'Bearer s3cr3t' } })
    ).text();
    child.kill('SIGTERM');
    await closed;
    return err.split('\n').filter((text) => text !== '');
  }

  it('rollcall serve logs JSON without a terminal: its start with the settings that are no defaults, and its end', async () => {
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

  it('rollcall serve logs nothing below the level that is set, and with --quiet only errors', async () => {
    expect(await logOf('--quiet')).toEqual([]);
    expect(await logOf('--log-level', 'warn', '--host', '0.0.0.0', '--insecure')).toEqual([
      expect.stringMatching(/"level":"warn".*insecure: every client that reaches this address/),
    ]);
  });
});

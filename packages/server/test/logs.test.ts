import type { Logger } from '@rollcall/core';
import { manualClock } from '@rollcall/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServerOptions } from '../src/index.ts';
import { instance, type Running, running, watch } from './http.ts';

interface Line {
  readonly level: keyof Logger;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

let server: Running | undefined;
afterEach(async () => server?.server.close());

async function logged(
  options: ServerOptions = {},
): Promise<{ lines: Line[]; started: Running; texts: () => string[] }> {
  const lines: Line[] = [];
  const on = (level: keyof Logger) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields }, message });
  const logger: Logger = { debug: on('debug'), info: on('info'), warn: on('warn'), error: on('error') };
  const started = await running({ logger, ...options });
  server = started;
  return { lines, started, texts: () => lines.map(({ level, message }) => `${level}: ${message}`) };
}

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => instance({ hostname: `n${index}`, appid: `app${index}` }));

describe('the log of the server', () => {
  it('the log has a line for each eviction unless there are very many, and none for what clients do', async () => {
    const clock = manualClock();
    const { texts, started } = await logged({ clock });
    await started.register(instance());
    await started.ask('POST', '/api/cancel', { keys: [{ env: 'e', appid: 'web', hostname: 'a' }] });
    expect(texts()).toEqual([]);
    await started.register(instance());
    await clock.advance(3_500);
    expect(texts()).toEqual([
      expect.stringMatching(
        /^info: e: web\/a was evicted 3 s after its last renewal \(TTL 3 s\): self-protection is off/,
      ),
    ]);
  });

  it('the log counts the evictions of a fleet beyond the first twenty of a second', async () => {
    const clock = manualClock();
    const { texts, lines, started } = await logged({ clock });
    await started.register(...many(500));
    await clock.advance(3_500);
    await clock.advance(1_500);
    expect(texts().filter((text) => text.includes('after its last renewal'))).toHaveLength(20);
    expect(lines.at(-1)).toMatchObject({ level: 'info', fields: { env: 'e', count: 480 } });
    await started.register(...many(30));
    await clock.advance(3_500);
    await started.server.close();
    expect(texts().at(-1)).toBe('info: e: 10 more instances were evicted within the same second');
  });

  it('the log has a line when self-protection goes on and one when it goes off, with the numbers', async () => {
    const clock = manualClock();
    const { lines, started } = await logged({ clock, protection: 'on' });
    await started.register(...many(20));
    await clock.advance(1_900);
    // All instances are silent beyond their intervals: the registry blames the network.
    const [on] = lines;
    expect(on).toMatchObject({
      level: 'warn',
      fields: { env: 'e', on: true, missing: 20, considered: 20, threshold: 3 },
    });
    expect(on?.message).toMatch(/^self-protection of e is on: Protecting: 20 of 20 are silent/);
    await started.register(...many(20));
    await clock.advance(1_000);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({ level: 'info', fields: { env: 'e', on: false, held: 0 } });
    expect(lines[1]?.message).toMatch(/^self-protection of e is off: /);
  });

  it('the log says that self-protection is off when the last instance of a protected environment is cancelled', async () => {
    const clock = manualClock();
    const { lines, started } = await logged({ clock, protection: 'on' });
    const { data } = await started.register(...many(20));
    const alive = data.handles.slice(3);
    for (let step = 0; step < 8; step += 1) {
      await started.ask('PUT', '/api/leases', alive);
      await clock.advance(900);
    }
    // The registry takes three silent instances of twenty for dead. Among the last few instances, three are too many.
    expect(lines.map(({ message }) => message)).toHaveLength(3);
    for (const handle of alive) await started.ask('POST', '/api/cancel', { handles: [handle] });
    expect(lines.slice(3).map(({ fields }) => fields.on)).toEqual([true, false]);
  });

  it('the log has a line with the cause when a request fails by a defect of the server', async () => {
    const clock = manualClock();
    let isBroken = false;
    const wallNow = (): number => {
      if (isBroken) throw new Error('the wall clock fell down');
      return clock.wallNow();
    };
    const { lines, started } = await logged({ clock: { ...clock, wallNow } });
    isBroken = true;
    expect(await started.register(instance())).toMatchObject({
      status: 500,
      message: 'the server failed: its log says why',
    });
    await expect.poll(() => lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'error',
      fields: { method: 'POST', route: '/api/register', status: 500, from: '127.0.0.1' },
      message: expect.stringMatching(/^the server failed: POST \/api\/register 500 in \d+ ms$/),
    });
    expect(String((lines[0]!.fields.err as Error).stack)).toContain('the wall clock fell down');
  });

  it('the log has no line for a backup that a server without a data folder refuses', async () => {
    const { texts, started } = await logged();
    expect(await started.ask('GET', '/api/backup')).toMatchObject({ status: 501 });
    expect(texts()).toEqual([]);
  });

  it('the log has a line for a slow request, and none for a watch or a poll that waits for a change, however long it lasts', async () => {
    const { lines, started } = await logged({ slowRequestMs: 0 });
    const events = watch(`${started.url}/api/watch?env=e`);
    await events.next();
    await events.return(undefined);
    await started.ask('GET', '/api/poll?env=e&appid=web&waitMs=0');
    await started.ask('GET', '/api/changes?waitMs=0');
    await started.ask('GET', '/api/services?env=e');
    // The close waits for the answers under way, including the watch's.
    await started.server.close();
    expect(lines.map(({ level, fields }) => [level, fields.route])).toEqual([['warn', '/api/services']]);
  });

  it('the log has a line for every request only with logRequests all, and never what the client sent', async () => {
    const quiet = await logged();
    await quiet.started.ask('GET', '/api/services?env=e&token=s3cr3t');
    await quiet.started.ask('GET', '/api/s3cr3t');
    await quiet.started.server.close();
    expect(quiet.lines).toEqual([]);
    const { lines, started } = await logged({ logRequests: 'all' });
    await started.ask('GET', '/api/services?env=e&token=s3cr3t');
    await started.ask('GET', '/api/s3cr3t');
    await started.ask('PUT', '/api/leases/123456?s3cr3t');
    await started.register({ s3cr3t: 1 });
    await expect.poll(() => lines).toHaveLength(4);
    expect(lines.map(({ fields }) => [fields.method, fields.route, fields.status])).toEqual([
      ['GET', '/api/services', 200],
      ['GET', 'none', 404],
      ['PUT', '/api/leases/:handle', 404],
      ['POST', '/api/register', 400],
    ]);
    expect(JSON.stringify(lines)).not.toContain('s3cr3t');
  });
});

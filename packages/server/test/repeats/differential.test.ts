/**
 * The server answers streams of usual, unusual, torn and spoilt requests with the same bytes, whether or not the
 * requests skip the parser.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { LateServer } from '../../src/create-server.ts';
import { RepeatedConnection } from '../../src/http/repeats/repeated-connection.ts';
import { instance, type Running, running } from '../http.ts';
import { pick, type Random, seeded } from '../random.ts';
import { bare, json, Talk } from './talk.ts';

/** With `ROLLCALL_STREAMS=2000` the test plays more streams. */
const streams = Number(process.env.ROLLCALL_STREAMS ?? 100);
const seed = Number(process.env.ROLLCALL_FUZZ_SEED ?? Date.now() % 1_000_000);

let server: Running;
let handles: number[];
beforeAll(async () => {
  server = await running();
  handles = (await server.register(...['a', 'b', 'c'].map((hostname) => instance({ hostname, ttlMs: 0 })))).data
    .handles;
});
afterAll(() => server.server.close());
afterEach(() => vi.restoreAllMocks());

const usual: readonly ((random: Random) => string)[] = [
  (random) => bare('PUT', `/api/leases/${pick(random, handles)}`),
  (random) => bare('PUT', `/api/leases/${pick(random, handles)}`),
  (random) => json('PUT', '/api/leases', [pick(random, handles), pick(random, handles)]),
  (random) => json('PUT', '/api/leases', [[pick(random, handles), 0, 1_000]]),
  (random) => bare('GET', `/api/fetch?env=e&appid=${pick(random, ['web', 'none'])}`),
  () => bare('GET', '/api/services?env=e'),
];
const unusual: readonly ((random: Random) => string)[] = [
  () => bare('PUT', '/api/leases/1'),
  () => bare('GET', '/healthz'),
  () => bare('HEAD', '/api/services?env=e'),
  () => json('PUT', '/api/leases', [1]),
  () => json('POST', '/api/renew', { keys: [{ env: 'e', appid: 'web', hostname: 'a' }] }),
  () => json('POST', '/api/renew', bare('PUT', `/api/leases/${handles[0]}`)),
  (random) =>
    pick(
      random,
      usual,
    )(random).replace(
      'Host: 127.0.0.1',
      pick(random, ['Host: evil.example', 'host:  127.0.0.1', 'Host: 127.0.0.1\r\nHost: a', 'X: y']),
    ),
  (random) =>
    pick(
      random,
      usual,
    )(random).replace(
      '\r\n\r\n',
      `\r\n${pick(random, ['Connection: close', 'Expect: 100-continue', 'Transfer-Encoding: chunked', 'Content-Length: 3', 'Origin: http://a.example', 'X-Y: z', 'A : b', ' folded'])}\r\n\r\n`,
    ),
  (random) =>
    pick(random, usual)(random).replace('HTTP/1.1', pick(random, ['HTTP/1.0', 'HTTP/2.0', 'http/1.1', ' HTTP/1.1'])),
  (random) => `\r\n${pick(random, usual)(random)}`,
  (random) => pick(random, usual)(random).replaceAll('\r\n', '\n'),
];

/** Adds, removes or replaces one byte. */
function spoil(random: Random, text: string): string {
  const at = Math.floor(random() * text.length);
  const byte = pick(random, ['\r', '\n', ' ', '\0', ':', '0', 'é', '\t', '/', '%']);
  return pick(random, [
    text.slice(0, at) + byte + text.slice(at),
    text.slice(0, at) + text.slice(at + 1),
    text.slice(0, at) + byte + text.slice(at + 1),
  ]);
}

/** The pieces that the test writes to a connection. */
function streamOf(random: Random): readonly Buffer[] {
  // The stream begins with three requests of one kind, so that their heads repeat.
  const own = pick(random, usual);
  const pieces = [own(random), own(random), own(random)];
  for (let count = 4 + Math.floor(random() * 8); count > 0; count -= 1) {
    const kind = random();
    const text =
      kind < 0.6
        ? own(random)
        : kind < 0.75
          ? pick(random, usual)(random)
          : kind < 0.93
            ? pick(random, unusual)(random)
            : spoil(random, own(random));
    const last = pieces.length - 1;
    const how = random();
    const at = Math.floor(random() * text.length);
    if (how < 0.1) pieces.push(text.slice(0, at), text.slice(at));
    else if (how < 0.2 && last >= 0) pieces[last] += text;
    else if (how < 0.25 && last >= 0) {
      pieces[last] += text.slice(0, at);
      pieces.push(text.slice(at));
    } else pieces.push(text);
  }
  return pieces.filter((piece) => piece !== '').map((piece) => Buffer.from(piece, 'latin1'));
}

/** The answers of the server, without the dates. */
async function answersTo(pieces: readonly Buffer[], ms: number): Promise<string> {
  const connection = await Talk.open(server.port);
  for (const piece of pieces) {
    connection.socket.write(piece);
    await pause(ms);
  }
  connection.socket.end();
  await connection.closed;
  return connection.text().replace(/^date: .*\r\n/gim, '');
}

it(`${streams} random streams of requests get the same answers with and without the parser`, async () => {
  const random = seeded(seed);
  const wrong: unknown[] = [];
  for (let index = 0; index < streams; index += 1) {
    const pieces = streamOf(random);
    // On a busy machine a refused connection may end before or after it gets the bytes written later: the test asks
    // again, more slowly.
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const fast = await answersTo(pieces, 3 * 4 ** attempt);
      const learn = vi.spyOn(RepeatedConnection.prototype, 'answered').mockImplementation(() => {});
      const slow = await answersTo(pieces, 3 * 4 ** attempt);
      learn.mockRestore();
      if (fast === slow) break;
      if (attempt === 3) wrong.push({ seed, index, pieces: pieces.map(String), fast, slow });
    }
  }
  expect(wrong).toEqual([]);
  expect((server.server as LateServer).repeatedCount).toBeGreaterThan(streams);
}, 300_000);

import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { isReadAlike, RepeatedHead, readWritten, type WrittenRequest } from '../../src/http/repeats/written-request.ts';
import { bare, json } from './talk.ts';

const readText = (text: string): WrittenRequest | undefined => readWritten(Buffer.from(text, 'latin1'));
const renew = bare('PUT', '/api/leases/12');

describe('a chunk', () => {
  it('a chunk that is one whole request is read, with its body', () => {
    expect(readText(renew)).toEqual({
      ...{ method: 'PUT', target: '/api/leases/12', bodyLength: 0 },
      rest: ' HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
      headers: ['Host', '127.0.0.1'],
    });
    expect(readText(json('PUT', '/api/leases', [1]))).toMatchObject({ target: '/api/leases', bodyLength: 3 });
  });

  it.each([
    ['nothing', ''],
    ['a part of a head', renew.slice(0, -1)],
    ['more than a request', `${renew}P`],
    ['a part of a body', json('PUT', '/api/leases', [1]).slice(0, -1)],
    ['more than a body', `${json('PUT', '/api/leases', [1])}\n`],
    ['an empty line first', `\r\n${renew}`],
    ['no Host', renew.replace('Host', 'Accept')],
    ['two of a header', renew.replace('\r\n\r\n', '\r\nHost: a\r\n\r\n')],
    ['two of a header in another case', renew.replace('\r\n\r\n', '\r\nhost: a\r\n\r\n')],
    ['a header that is not known', renew.replace('\r\n\r\n', '\r\nX-A: b\r\n\r\n')],
    ['chunks', renew.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n')],
    ['an expectation', renew.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n')],
    ['the end of the connection', renew.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')],
    ['an upgrade', renew.replace('\r\n\r\n', '\r\nConnection: upgrade\r\n\r\n')],
    ['an empty value', renew.replace('127.0.0.1', '')],
    ['no space behind the colon', renew.replace(': ', ':')],
    ['two spaces behind the colon', renew.replace(': ', ':  ')],
    ['a space before the colon', renew.replace(': ', ' : ')],
    ['a space at the end', renew.replace('127.0.0.1', '127.0.0.1 ')],
    ['a tab', renew.replace('127.0.0.1', '127.0.0.1\ta')],
    ['a folded header', renew.replace('127.0.0.1', '127.0.0.1\r\n folded')],
    ['a bare line feed', renew.replace('127.0.0.1\r\n', '127.0.0.1\n')],
    ['a bare carriage return', renew.replace('127.0.0.1', '127.0.0.1\rAccept: a')],
    ['a byte beyond ASCII', renew.replace('127.0.0.1', '127.0.0.\xe9')],
    ['a NUL', renew.replace('127.0.0.1', '127.0.0.1\0')],
    ['another version', renew.replace('HTTP/1.1', 'HTTP/1.0')],
    ['a whole URL', renew.replace('/api', 'http://127.0.0.1/api')],
    ['a star', renew.replace('/api/leases/12', '*')],
    ['a space in the target', renew.replace('/12', '/1 2')],
    ['a small method', renew.replace('PUT', 'put')],
    ['a length with a sign', json('PUT', '/api/leases', [1]).replace('Length: 3', 'Length: +3')],
    ['a length with a zero before it', json('PUT', '/api/leases', [1]).replace('Length: 3', 'Length: 03')],
    ['a long head', renew.replace('\r\n\r\n', `\r\nUser-Agent: ${'x'.repeat(1_100)}\r\n\r\n`)],
  ])('a chunk that holds %s is left to the parser', (_, text) => {
    expect(readText(text)).toBeUndefined();
  });
});

describe('what the parser made of a chunk', () => {
  const made = (over: Partial<IncomingMessage> = {}) =>
    ({
      method: 'PUT',
      url: '/api/leases/12',
      httpVersion: '1.1',
      complete: true,
      rawHeaders: ['Host', '127.0.0.1'],
      ...over,
    }) as IncomingMessage;

  it("the parser's request equals the bytes only if every part of it is equal, and the request has ended", () => {
    const written = readText(renew)!;
    expect(isReadAlike(written, made())).toBe(true);
    for (const over of [
      { method: 'POST' },
      { url: '/api/leases/1' },
      { httpVersion: '1.0' },
      { complete: false },
      { rawHeaders: ['host', '127.0.0.1'] },
      { rawHeaders: ['Host', '127.0.0.2'] },
      { rawHeaders: ['X', 'PUT /api/leases/12 HTTP/1.1', 'Host', '127.0.0.1'] },
      { rawHeaders: ['Host', '127.0.0.1', 'X', 'y'] },
      { rawHeaders: [] },
    ])
      expect([over, isReadAlike(written, made(over))]).toEqual([over, false]);
  });
});

describe('a head that repeats', () => {
  const matches = (learned: string, text: string, fixed = '/api/leases/', varies = /^\d{1,16}$/): string | undefined =>
    new RepeatedHead(readText(learned)!, fixed, varies).match(Buffer.from(text, 'latin1'))?.[0];

  it('a repeated head matches with another handle, and with nothing but a handle in that place', () => {
    const put = (handle: string) => renew.replace('/12', `/${handle}`);
    expect([matches(renew, renew), matches(renew, put('7')), matches(renew, put('9'.repeat(16)))]).toEqual([
      ...['12', '7', '9'.repeat(16)],
    ]);
    for (const handle of [
      '',
      '9'.repeat(17),
      '1/',
      '%31',
      '1?a',
      '-1',
      '1 ',
      '1\r\nA: b',
      `1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nPUT /api/leases/2`,
    ])
      expect([handle, matches(renew, put(handle))]).toEqual([handle, undefined]);
  });

  it('a repeated head matches only at its exact length', () => {
    const batch = json('PUT', '/api/leases', [1]);
    const match = (text: string) => matches(batch, text, '/api/leases', /^$/);
    expect([match(batch), match(batch.replace('[1]', '[2]'))]).toEqual(['', '']);
    for (const text of [
      `${batch} `,
      batch.slice(0, -1),
      ` ${batch}`,
      batch.slice(1),
      batch + batch,
      '',
      batch.replace('leases ', 'leases/ '),
    ])
      expect([text, match(text)]).toEqual([text, undefined]);
    for (const text of [renew + renew, `${renew}\n`, renew.slice(0, 20), 'PUT /api/leases/', '\r\n\r\n'])
      expect([text, matches(renew, text)]).toEqual([text, undefined]);
  });
});

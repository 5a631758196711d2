import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { discoveryAdmin } from '../src/admin.ts';
import { ServerProcess } from './server-process.ts';

const server = new ServerProcess(['--no-warm-up']);
beforeAll(() => server.start());
afterAll(() => server.kill());
let stranger: Server | undefined;
afterEach(() => {
  stranger?.closeAllConnections();
  stranger?.close();
  stranger = undefined;
});
async function answering(status: number | undefined, body = ''): Promise<string> {
  stranger = createServer((_incoming, answer) => {
    if (status !== undefined) answer.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  return `127.0.0.1:${(stranger.address() as AddressInfo).port}`;
}

it('DiscoveryAdmin tells the status of every environment or of one, and how many expired instances were evicted', async () => {
  const admin = discoveryAdmin({ addresses: [server.address] });
  for (const env of ['one', 'two'])
    await fetch(`http://${server.address}/api/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ instances: [{ env, appid: 'a', hostname: 'h', addrs: ['10.0.0.1:80'] }] }),
    });
  expect((await admin.status()).environments.map(({ env }) => env).sort()).toEqual(['one', 'two']);
  expect((await admin.status({ env: 'two' })).environments).toMatchObject([{ env: 'two', instances: 1 }]);
  expect(await admin.endProtection('one')).toBe(0);
});

const key = (env: string) => ({ env, appid: 'a', hostname: 'h' });

it('DiscoveryAdmin reads changes with their sentences page by page, and waits for the next change', async () => {
  const admin = discoveryAdmin({ addresses: [server.address] });
  await admin.set([{ ...key('two'), metadata: { k: 'v' } }]);
  const first = await admin.changes({ env: 'two', name: 'a', id: 'h', limit: 1 });
  expect(first).toMatchObject({ more: true, changes: [{ text: 'a/h was registered at 10.0.0.1:80 by 127.0.0.1' }] });
  const rest = await admin.changes({ env: 'two', since: first.cursor });
  expect(rest).toMatchObject({ more: false, changes: [{ evidence: { what: 'set', fields: ['metadata'] } }] });
  const waiting = admin.changes({ env: 'two', since: rest.cursor, waitMs: 20_000 });
  await admin.set([{ ...key('two'), metadata: { k: 'w' } }]);
  expect((await waiting).changes).toHaveLength(1);
  await expect(admin.changes({ since: 'soon' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

it('DiscoveryAdmin refuses an empty name, an empty id and a malformed namespace before it sends a request', async () => {
  const admin = discoveryAdmin({ addresses: ['127.0.0.1:1'] });
  const name = 'name must be 1-255 printable characters, got ""';
  const id = 'id must be 1-255 printable characters, got ""';
  const namespace = 'namespace must be 1-63 of [A-Za-z0-9._-], starting with a letter or digit, got "a b"';
  const asked: [Promise<unknown>, string][] = [
    [admin.status({ env: 'a b' }), namespace],
    [admin.endProtection('a b'), namespace],
    [admin.changes({ env: 'a b' }), namespace],
    [admin.changes({ name: '' }), name],
    [admin.changes({ id: '' }), id],
    [admin.poll({ env: 'one', names: ['a', ''] }), name],
    [admin.servicesAt({ env: 'one', name: '', at: '1m' }), name],
    [admin.lists({ env: 'one', name: 'a', id: '' }), id],
    [admin.set([{ env: 'one', appid: '', hostname: 'h' }]), name],
    [admin.set([{ env: 'one', appid: 'a', hostname: '' }]), id],
    [admin.set([{ env: 'a b', appid: 'a', hostname: 'h' }]), namespace],
  ];
  for (const [answer, message] of asked)
    await expect(answer).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
});

it('DiscoveryAdmin lists() finds a node on the roll, in service or out of it', async () => {
  const admin = discoveryAdmin({ addresses: [server.address] });
  await admin.set([{ ...key('one'), status: 2 }]);
  expect(await admin.lists({ env: 'one', name: 'a', id: 'h' })).toBe(true);
  expect(await admin.lists({ env: 'one', name: 'a', id: 'other' })).toBe(false);
  await admin.set([{ ...key('one'), status: 1 }]);
});

it('DiscoveryAdmin polls several services in one request', async () => {
  const admin = discoveryAdmin({ addresses: [server.address] });
  const first = await admin.poll({ env: 'one', names: ['a', 'b'] });
  expect(first.services.map(({ appid, instances }) => [appid, instances.length])).toEqual([
    ['a', 1],
    ['b', 0],
  ]);
  const same = await admin.poll({ env: 'one', names: ['a', 'b'], since: first.cursor, waitMs: 1 });
  expect(same).toMatchObject({ modified: false, services: [] });
});

it('DiscoveryAdmin shows a service as it was at a time, and refuses a time before the change log as INVALID_ARGUMENT', async () => {
  const admin = discoveryAdmin({ addresses: [server.address] });
  const { cursor, log } = await admin.changes({ env: 'two' });
  const now = await admin.servicesAt({ env: 'two', name: 'a', at: '1ms' });
  expect(now.revision).toBe(Number(cursor.split(':')[1]));
  expect(now.services).toMatchObject([{ name: 'a', nodes: [{ id: 'h', address: '10.0.0.1:80' }] }]);
  const begin = new Date(log.at).toISOString();
  expect(await admin.servicesAt({ env: 'two', name: 'a', at: begin })).toMatchObject({ revision: 0, services: [] });
  await expect(admin.servicesAt({ env: 'two', name: 'a', at: '2h' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('the change log begins at'),
  });
});

it('DiscoveryAdmin sets a node on every server of its list, and says which server could not be asked', async () => {
  const both = discoveryAdmin({ addresses: ['127.0.0.1:1', server.address] });
  expect(await both.set([{ ...key('one'), status: 2 }])).toMatchObject({
    ...{ isSet: true, failed: [{ address: '127.0.0.1:1', error: { code: 'UNAVAILABLE' } }] },
  });
  const admin = discoveryAdmin({ addresses: [server.address] });
  expect((await admin.status({ env: 'one' })).environments).toMatchObject([{ out: 1 }]);
  expect(await admin.set([{ ...key('one'), hostname: 'ghost', status: 2 }])).toEqual({ isSet: false, failed: [] });
  await expect(discoveryAdmin({ addresses: ['127.0.0.1:1'] }).set([key('one')])).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
});

it.each([
  ['a server that is away', () => '127.0.0.1:1', 'UNAVAILABLE'],
  ['a mute server', () => answering(undefined), 'TIMEOUT'],
  ['a page that wants a login', () => answering(401, '<html>'), 'UNAUTHORIZED'],
  ['a plain web server', () => answering(200, '<html>'), 'UNAVAILABLE'],
  ['an answer without what was asked for', () => answering(200, '{"code":0,"data":{}}'), 'UNAVAILABLE'],
  ['an answer without data', () => answering(200, '{"code":0,"data":null}'), 'UNAVAILABLE'],
])('an answer of %s to DiscoveryAdmin is an error of the registry', async (_what, address, code) => {
  const admin = discoveryAdmin({ addresses: [await address()], timeoutMs: 500 });
  await expect(admin.status()).rejects.toMatchObject({ code, registry: 'discovery' });
  await expect(admin.endProtection('default')).rejects.toMatchObject({ code, registry: 'discovery' });
});

it('a call of DiscoveryAdmin is ABORTED by its signal, and TIMEOUT by a timeout signal', async () => {
  const admin = discoveryAdmin({ addresses: [await answering(undefined)] });
  const signal = new AbortController();
  const asked = admin.status({ signal: signal.signal });
  signal.abort();
  await expect(asked).rejects.toMatchObject({ code: 'ABORTED' });
  const late = admin.status({ signal: AbortSignal.timeout(50) });
  await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
});

it('DiscoveryAdmin refuses a bad address with INVALID_ARGUMENT before any connection', () => {
  expect(() => discoveryAdmin({ addresses: ['a b'] })).toThrowError(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
});

/** The programs that answer in place of etcd: proxies with pages of their own, and others. */
import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Registry } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { etcdNode } from '../../../backends/src/index.ts';
import { etcd } from '../src/index.ts';

let backend: Awaited<ReturnType<typeof etcdNode>>;
beforeAll(async () => {
  backend = await etcdNode();
  await backend.node.start();
}, 120_000);
afterAll(() => backend.node.dispose());
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function open(...addresses: string[]): Registry {
  const registry = etcd({ addresses, env: {}, closeTimeoutMs: 500 });
  cleanUps.push(() => registry.close());
  return registry;
}

/** A program that speaks HTTP/2 and gives every request the same answer. */
async function program(headers: OutgoingHttpHeaders, body: string): Promise<string> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => void sessions.add(session));
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.respond(headers, { endStream: body === '' });
    if (body !== '') stream.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.each<[string, string, OutgoingHttpHeaders, string]>([
  ['a page with 200', 'UNAVAILABLE', { ':status': 200, 'content-type': 'text/html' }, '<html>welcome</html>'],
  ['a page with 401', 'UNAUTHORIZED', { ':status': 401, 'content-type': 'text/html' }, '<html>who are you</html>'],
  ['a page with 403', 'UNAUTHORIZED', { ':status': 403, 'content-type': 'text/html' }, '<html>no</html>'],
  ['a page with 404', 'UNAVAILABLE', { ':status': 404, 'content-type': 'text/html' }, '<html>nothing</html>'],
  ['a page with 413', 'RESOURCE_EXHAUSTED', { ':status': 413, 'content-type': 'text/html' }, '<html>too large</html>'],
  ['a page with 429', 'RESOURCE_EXHAUSTED', { ':status': 429, 'content-type': 'text/html' }, '<html>slower</html>'],
  ['a page with 503', 'UNAVAILABLE', { ':status': 503, 'content-type': 'text/html' }, '<html>later</html>'],
  [
    'another gRPC server',
    'UNAVAILABLE',
    { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12', 'grpc-message': 'unknown service' },
    '',
  ],
])('%s in place of an etcd member', (_, code, headers, body) => {
  it('the error of calls and watches says what answered in place of etcd', async () => {
    const registry = open(await program(headers, body));
    const error = { code, message: expect.stringContaining('no etcd answered') };
    await expect(registry.getService('web')).rejects.toMatchObject(error);
    expect((await registry.watch({ name: 'web' }).next()).value).toMatchObject({ type: 'interrupted', error });
  });

  it('a call goes to the next member when another program answers in place of one', async () => {
    const registry = open(await program(headers, body), backend.address);
    await registry.register({ name: 'web', nodes: [{ id: 'n', address: '10.0.0.1:80' }] }, { ttlMs: 60_000 });
    expect((await registry.watch({ name: 'web' }).next()).value).toMatchObject({ type: 'create' });
  });
});

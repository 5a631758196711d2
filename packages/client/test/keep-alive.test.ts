import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { memory } from '../../adapters/memory/src/index.ts';
import { createClient } from '../src/index.ts';
import { notebook } from './fleet.ts';

const { logger } = notebook();
const answer = 'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok';

/** A server that answers the first request on a connection and closes it at the second, as after an idle time. */
async function forgetful() {
  const server = createServer((socket) => {
    let requests = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      requests += 1;
      if (requests === 1) socket.write(answer);
      else socket.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const registry = memory();
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await registry.register({ name: 'users', nodes: [{ id: 'u1', address }] });
  return { server, registry };
}

describe('client.fetch on kept connections', () => {
  it('client.fetch loses no GET when a hundred idle connections turn out to be closed at once', async () => {
    const { server, registry } = await forgetful();
    await using client = createClient(registry, { logger });
    const get = async (): Promise<string> => (await client.fetch('http://users/')).text();
    const wave = (): Promise<string[]> => Promise.all(Array.from({ length: 100 }, get));
    await wave();
    expect(new Set(await wave())).toEqual(new Set(['ok']));
    await client.close();
    server.close();
    await registry.close();
  });
});

/** Several servers; one of them does not answer, is away, or knows another holder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Registry } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type DiscoveryOptions, discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const busy = fileURLToPath(new URL('./busy.js', import.meta.url));
const [first, second] = [new ServerProcess(), new ServerProcess()];
const cleanUps: (() => unknown)[] = [];
let mute: Server;
let muteAddress = '';
beforeAll(async () => {
  const sockets = new Set<Socket>();
  // This server accepts connections, reads, and never answers.
  mute = createServer((socket) => void sockets.add(socket.on('error', () => {}).resume()));
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  muteAddress = `127.0.0.1:${(mute.address() as { readonly port: number }).port}`;
  await Promise.all([first.start(), second.start()]);
});
afterAll(async () => {
  mute.close();
  await Promise.all([first.kill(), second.kill()]);
});
beforeEach(() => Promise.all([first.start(), second.start()]));
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function open(addresses: readonly string[], options: DiscoveryOptions = {}): Registry {
  const registry = discovery({ addresses, ...options });
  cleanUps.push(() => registry.close({ withdraw: false }));
  return registry;
}
const service = (name: string, port = 80) => ({ name, nodes: [{ id: 'n1', address: `10.0.0.1:${port}` }] });
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    ({ code }) => code,
  );

it('reads and writes leave a mute server after 1 s, even while the heap is collected all the time', async () => {
  const child = spawn(process.execPath, ['--expose-gc', busy, muteAddress, second.address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { took, written } = JSON.parse(await text(child.stdout)) as {
    readonly took: number[];
    readonly written: number;
  };
  for (const ms of [...took, written]) {
    expect(ms).toBeGreaterThan(950);
    expect(ms).toBeLessThan(2_500);
  }
}, 60_000);

it('a server that did not answer is asked last, so the second read does not wait for it', async () => {
  const registry = open([muteAddress, second.address]);
  await registry.getService('web');
  const startedAt = performance.now();
  await registry.getService('web');
  expect(performance.now() - startedAt).toBeLessThan(500);
});

it('a watch whose server freezes goes on with the other server', async () => {
  const registry = open([first.address, second.address]);
  await registry.register(service('watched'), { ttlMs: 60_000 });
  const types: string[] = [];
  void (async () => {
    for await (const { type } of registry.watch({ name: 'watched' })) types.push(type);
  })();
  await expect.poll(() => types).toEqual(['create', 'synced']);
  first.freeze();
  try {
    await expect.poll(() => types, { timeout: 15_000 }).toEqual(['create', 'synced', 'interrupted', 'synced']);
  } finally {
    first.resume();
  }
});

it('a server that was away is told later of the registrations and removals that it missed', async () => {
  const namespace = 'missed';
  const registry = open([first.address, second.address], { namespace });
  await registry.init();
  await second.kill();
  await registry.register(service('kept'), { ttlMs: 60_000 });
  await registry.register(service('removed'), { ttlMs: 60_000 });
  await registry.deregister(service('removed'));
  await second.start();
  const other = open([second.address], { namespace });
  await expect.poll(() => other.listServices(), { timeout: 15_000 }).toEqual([{ name: 'kept', versions: [''] }]);
});

it('each renewal by the loser of a conflict is CONFLICT while another holds the id, and registers again when it is free', async () => {
  const namespace = 'conflict';
  const [loser, holder] = [open([first.address], { namespace }), open([first.address], { namespace })];
  const renew = () => loser.register(service('contested', 1), { ttlMs: 60_000 });
  await renew();
  await holder.register(service('contested', 2), { ttlMs: 60_000 });
  for (let renewal = 0; renewal < 3; renewal += 1) expect(await outcome(renew())).toBe('CONFLICT');
  await holder.deregister(service('contested'));
  expect(await outcome(renew())).toBe('done');
  expect(await loser.getService('contested')).toMatchObject([{ nodes: [{ address: '10.0.0.1:1' }] }]);
});

it('renewals by the loser of a conflict stay CONFLICT when the server restarts without its roll and the holder is back first', async () => {
  const namespace = 'restarted';
  const [loser, holder] = [open([first.address], { namespace }), open([first.address], { namespace })];
  await loser.register(service('contested', 1), { ttlMs: 60_000 });
  await holder.register(service('contested', 2), { ttlMs: 60_000 });
  expect(await outcome(loser.register(service('contested', 1), { ttlMs: 60_000 }))).toBe('CONFLICT');
  await first.kill();
  await first.start();
  await holder.register(service('contested', 2), { ttlMs: 60_000 });
  for (let renewal = 0; renewal < 2; renewal += 1)
    expect(await outcome(loser.register(service('contested', 1), { ttlMs: 60_000 }))).toBe('CONFLICT');
  expect(await holder.getService('contested')).toMatchObject([{ nodes: [{ address: '10.0.0.1:2' }] }]);
});

it('the loser of a conflict does not take the id over on a server that missed the conflict', async () => {
  const namespace = 'away';
  const addresses = [first.address, second.address];
  const [loser, holder] = [open(addresses, { namespace }), open(addresses, { namespace })];
  await loser.register(service('contested', 1), { ttlMs: 60_000 });
  await holder.register(service('contested', 2), { ttlMs: 60_000 });
  await second.kill();
  expect(await outcome(loser.register(service('contested', 1), { ttlMs: 60_000 }))).toBe('CONFLICT');
  await holder.register(service('contested', 2), { ttlMs: 60_000 });
  await second.start();
  const reader = open([second.address], { namespace });
  expect(await outcome(loser.register(service('contested', 1), { ttlMs: 60_000 }))).toBe('CONFLICT');
  // Within seconds the server that was away has the write that it missed: the holder's, not the loser's.
  await expect
    .poll(
      async () => [
        await outcome(holder.register(service('contested', 2), { ttlMs: 60_000 })),
        (await reader.getService('contested'))[0]?.nodes[0]?.address,
      ],
      { timeout: 15_000 },
    )
    .toEqual(['done', '10.0.0.1:2']);
  expect(await outcome(loser.register(service('contested', 1), { ttlMs: 60_000 }))).toBe('CONFLICT');
});

it('a watch waits for a snapshot as long as its bytes arrive, beyond the deadline of a call', async () => {
  const instances = Array.from({ length: 3_000 }, (_, index) => ({
    ...{ env: 'default', appid: 'long', hostname: `h${index}`, addrs: ['10.0.0.1:80'] },
    metadata: { text: 'x'.repeat(1_000) },
  }));
  const bytes = Buffer.from(`id: e:1\nevent: snapshot\ndata: ${JSON.stringify({ instances })}\n\n`);
  const slow = createHttpServer((incoming, answer) => {
    if (!incoming.url?.startsWith('/api/watch'))
      return void answer.end('{"code":0,"data":{"services":[],"instances":[]},"epoch":"e"}');
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    let at = 0;
    const timer = setInterval(() => {
      answer.write(bytes.subarray(at, at + 250_000));
      at += 250_000;
      if (at >= bytes.length) clearInterval(timer);
    }, 150);
    answer.on('close', () => clearInterval(timer));
  }).listen(0, '127.0.0.1');
  await once(slow, 'listening');
  cleanUps.push(() => slow.close());
  const registry = open([`127.0.0.1:${(slow.address() as { readonly port: number }).port}`], { timeoutMs: 700 });
  const watcher = registry.watch({ name: 'long' });
  expect((await watcher.next()).value).toMatchObject({ type: 'create' });
  await watcher.return();
  slow.closeAllConnections();
});

it('reads, writes and renewals wait for a slow server when every other server is down', async () => {
  const slowTo = async (address: string): Promise<string> => {
    const listener = createServer((client) => {
      const [host, port] = address.split(':');
      const upstream = connect(Number(port), host);
      client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
      upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
      client.on('data', (bytes) => void setTimeout(() => upstream.writable && upstream.write(bytes), 1_400));
      upstream.pipe(client);
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    cleanUps.push(() => listener.close());
    return `127.0.0.1:${(listener.address() as { readonly port: number }).port}`;
  };
  const addresses = [await slowTo(first.address), await slowTo(second.address), '127.0.0.1:1'];
  const registry = open(addresses, { namespace: 'slow' });
  const register = () => registry.register(service('slow'), { ttlMs: 60_000, timeoutMs: 15_000 });
  await register();
  await register();
  expect(await registry.getService('slow', { timeoutMs: 15_000 })).toHaveLength(1);
}, 60_000);

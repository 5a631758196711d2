/** Many idle or unfinished connections, and many TLS handshakes, do not hinder clients that mean well. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { inFull, tenthOf } from '../../../backends/src/index.ts';
import { Authority } from '../access/certificates.ts';
import { watchHead } from './raw.ts';
import { served } from './served.ts';

vi.setConfig({ testTimeout: 300_000 });

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

interface Waits {
  readonly requests: number;
  readonly p99: number;
  readonly faults: readonly string[];
}

/** How long a client that means well waits while `meanwhile` runs. */
async function waitsWhile(port: number, meanwhile: () => Promise<unknown>, ca?: string): Promise<Waits> {
  const client = fork(fileURLToPath(new URL('good-client.js', import.meta.url)), [
    `${port}`,
    ...(ca === undefined ? [] : [ca]),
  ]);
  endings.push(() => client.kill('SIGKILL'));
  const said = once(client, 'message') as Promise<[Waits]>;
  await meanwhile();
  client.send('stop');
  const [waits] = await said;
  expect(waits.faults).toEqual([]);
  return waits;
}

// A test measures for this long; it does not wait for a result.
const seconds = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 1_000));

/**
 * How long a client may wait in the crowd. On a busy machine a client also waits without a crowd; the test measures
 * that wait before and after the crowd, and allows for it.
 */
async function bearable(alone: Waits, ms: number, afterwards: () => Promise<Waits>): Promise<number> {
  const again = await afterwards();
  return Math.max(ms, 2 * Math.max(alone.p99, again.p99) + ms);
}

/** The heap in MiB that code may keep after its first run. A thousand connections take more. */
const keptHeap = 3;

describe('a crowd', () => {
  const [idle, slow] = [tenthOf(10_000), tenthOf(200)];

  async function crowd(port: number): Promise<{ leave(): void }> {
    const sockets: Socket[] = [];
    const drips: NodeJS.Timeout[] = [];
    const leave = (): void => {
      for (const drip of drips) clearInterval(drip);
      for (const socket of sockets) socket.destroy();
    };
    endings.push(leave);
    const open = async (bytes: string): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      sockets.push(socket);
      await once(socket, 'connect');
      socket.write(bytes);
      return socket;
    };
    for (let opened = 0; opened < idle; opened += 200) {
      // Half of the connections have asked once and may ask again; the others are watches without events.
      const some = Array.from({ length: Math.min(200, idle - opened) }, (_, index) =>
        open(index % 2 === 0 ? 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' : watchHead('/api/watch?env=quiet')),
      );
      for (const socket of await Promise.all(some)) socket.resume();
    }
    for (let index = 0; index < slow; index += 1) {
      const socket = await open(
        index % 2 === 0
          ? 'GET /api/status HTTP/1.1\r\n'
          : 'POST /api/register HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n',
      );
      drips.push(setInterval(() => socket.write(index % 2 === 0 ? 'x' : ' '), 500));
      socket.resume();
    }
    return { leave };
  }

  it(`${idle} idle and ${slow} slow connections hold up no other client, and their memory is freed`, async () => {
    const server = await served();
    endings.push(() => server.kill());
    const alone = await waitsWhile(server.port, () => seconds(2));
    const before = await server.inUse();
    const first = await crowd(server.port);
    const crowded = await waitsWhile(server.port, () => seconds(inFull ? 20 : 5));
    const during = await server.inUse();
    const resident = server.memory();
    console.log(
      `p99 ${alone.p99.toFixed(1)} ms alone, ${crowded.p99.toFixed(1)} ms in the crowd; heap ${before.heap.toFixed(1)} -> ${during.heap.toFixed(1)} MiB, resident ${resident.toFixed()} MiB`,
    );
    // The crowd takes more heap than may stay in use afterwards.
    expect(during.heap - before.heap).toBeGreaterThan(keptHeap);
    expect(during.connections).toBeGreaterThan(idle);
    first.leave();
    if (crowded.p99 >= 50)
      expect(crowded.p99).toBeLessThan(await bearable(alone, 50, () => waitsWhile(server.port, () => seconds(2))));
    const isBack = async (): Promise<boolean> => {
      const { heap, connections } = await server.inUse();
      return heap < before.heap + keptHeap && connections <= before.connections + 1;
    };
    await expect.poll(isBack, { timeout: 120_000, interval: 500 }).toBe(true);
    if (!inFull) return;
    const afterFirst = server.memory();
    const second = await crowd(server.port);
    await seconds(20);
    const residentAgain = server.memory();
    second.leave();
    await expect.poll(isBack, { timeout: 120_000, interval: 500 }).toBe(true);
    console.log(`resident ${afterFirst.toFixed()} MiB after the crowd, ${residentAgain.toFixed()} MiB in a second one`);
    // The second crowd reuses the pages that the allocator kept from the first.
    expect(residentAgain).toBeLessThan(resident * 1.1);
  });
});

describe('TLS handshakes', () => {
  const perSecond = inFull ? 500 : 100;

  it(`${perSecond} new TLS handshakes a second do not hold up renewals`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-crowd-'));
    endings.push(() => rmSync(folder, { recursive: true, force: true }));
    const path = (name: string): string => join(folder, name);
    const authority = await Authority.make('ours');
    const pair = await authority.sign('server');
    for (const [name, text] of Object.entries({ 'ca.pem': authority.cert, 'cert.pem': pair.cert, 'key.pem': pair.key }))
      writeFileSync(path(name), text);
    const server = await served(512, ['--tls-cert', path('cert.pem'), '--tls-key', path('key.pem')]);
    endings.push(() => server.kill());
    const alone = await waitsWhile(server.port, () => seconds(2), path('ca.pem'));
    let done = 0;
    const cpuBefore = server.cpuMs();
    const shake = (): void => {
      const socket = connectTls({ host: '127.0.0.1', port: server.port, ca: authority.cert }, () => {
        done += 1;
        socket.destroy();
      });
      socket.on('error', () => {});
    };
    const length = inFull ? 10 : 4;
    const began = performance.now();
    const crowded = await waitsWhile(
      server.port,
      async () => {
        const timer = setInterval(() => {
          for (let count = 0; count < perSecond / 50; count += 1) shake();
        }, 20);
        await seconds(length);
        // A busy machine begins the handshakes later.
        await expect.poll(() => done, { timeout: 60_000 }).toBeGreaterThan(perSecond);
        clearInterval(timer);
      },
      path('ca.pem'),
    );
    const cpu = (server.cpuMs() - cpuBefore) / done;
    console.log(
      `p99 ${alone.p99.toFixed(1)} ms alone, ${crowded.p99.toFixed(1)} ms with ${Math.round((done * 1_000) / (performance.now() - began))} handshakes a second; with the requests ${cpu.toFixed(2)} ms of CPU for each`,
    );
    if (crowded.p99 >= 100)
      expect(crowded.p99).toBeLessThan(
        await bearable(alone, 100, () => waitsWhile(server.port, () => seconds(2), path('ca.pem'))),
      );
  });
});

import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Registry } from '@rollcall/core';
import { afterEach, describe, expect, it } from 'vitest';
import { addressesOf, Roll } from './roll.ts';
import { subjects } from './subjects.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 60_000, interval: 100 });

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heap = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 1_048_576;
};

const sizes = { etcd: 1_000, consul: 200 } as const;
const watchers = 50;
const nodesOf = (count: number, port: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `n${index}`,
    address: `10.0.${index >> 8}.${index & 255}:${port}`,
  }));
const sorted = (nodes: readonly { readonly address: string }[]) => nodes.map(({ address }) => address).sort();

/** For each backend, a count of the requests that wait there for a change of the fleet. */
const waiting = {
  /** Reads etcd's gauge of watchers. */
  async etcd(address: string): Promise<{ readonly address: string; count(): Promise<number> }> {
    const count = async () => {
      const metrics = await (await fetch(`http://${address}/metrics`)).text();
      return Number(/^etcd_debugging_mvcc_watcher_total (\d+)$/m.exec(metrics)?.[1]);
    };
    return { address, count };
  },
  /** Counts the blocking queries in a proxy before Consul. */
  async consul(address: string): Promise<{ readonly address: string; count(): Promise<number> }> {
    let now = 0;
    const server = createServer((incoming, response) => {
      const blocks = /^\/v1\/health\/service\/fleet\?.*\bindex=.*\bwait=10/.test(incoming.url ?? '');
      if (blocks) now += 1;
      response.once('close', () => {
        if (blocks) now -= 1;
      });
      const { method, url, headers } = incoming;
      const passed = request(`http://${address}${url}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      response.once('close', () => passed.destroy());
      passed.on('error', () => response.destroy());
      incoming.pipe(passed);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUps.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, count: async () => now };
  },
};

describe.each(subjects)('one service of many nodes on $name', ({ name, prepare, open, truth }) => {
  it(`${watchers} watchers hear every change of a service of ${sizes[name]} nodes exactly, through one query`, async () => {
    const count = sizes[name];
    const { process: backend, address } = await prepare();
    cleanUps.push(() => backend.dispose());
    await backend.start();
    const way = await waiting[name](address);
    const [owner, reader]: Registry[] = [open(address), open(way.address)];
    if (owner === undefined || reader === undefined) throw new Error('none');
    for (const registry of [owner, reader]) cleanUps.push(() => registry.close({ withdraw: false }));
    const rolls = Array.from({ length: watchers }, () => new Roll(reader, 'fleet'));
    await eventually(() => rolls.every(({ synced }) => synced)).toBe(true);
    const before = heap();

    const write = (port: number) =>
      owner.register({ name: 'fleet', nodes: nodesOf(count, port) }, { ttlMs: 600_000, timeoutMs: 60_000 });
    const all = async (expected: readonly string[]) => {
      for (const roll of rolls) await eventually(() => roll.addresses).toEqual(expected);
      expect(await addressesOf(reader, 'fleet')).toEqual(expected);
      expect(await truth(address, 'fleet')).toEqual(expected);
    };
    await write(80);
    await all(sorted(nodesOf(count, 80)));
    await write(81);
    await all(sorted(nodesOf(count, 81)));
    await eventually(() => way.count()).toBe(1);
    for (const roll of rolls) roll.events.length = 0;
    const grown = heap() - before;
    console.log(`${name}: ${grown.toFixed(1)} MiB for ${count} nodes told to ${watchers} watchers`);
    // The bound includes the memory of the test itself, whose watchers each hold the addresses of all nodes.
    expect(grown).toBeLessThan(64);
    await owner.deregister({ name: 'fleet', nodes: nodesOf(count, 81) }, { timeoutMs: 60_000 });
    await all([]);
  }, 240_000);
});

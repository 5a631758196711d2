import { request } from 'node:http';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createServer, type ServerOptions } from '../../src/index.ts';
import { instance, running } from '../http.ts';
import { head, raw } from './raw.ts';

async function statusFor(host: string, options: ServerOptions = {}): Promise<number | undefined> {
  await using server = createServer({ port: 0, warmUpMs: 0, ...options });
  const { port } = await server.listen();
  return await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/api/status', headers: { host } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    sent.once('error', reject).end();
  });
}

describe('the Host of a request', () => {
  it.each(['LOCALHOST', 'Localhost:7171', 'localhost.', '127.0.0.1:1', '[::1]:7171', '127.9.9.9'])(
    'a server that only this machine can reach accepts its Host in any spelling: %s',
    async (host) => {
      expect(await statusFor(host)).toBe(200);
    },
  );

  it.each(['evil.example', 'localhost.evil.example', '10.0.0.5', 'registry', '127.0.0.1.evil.example'])(
    'a server that only this machine can reach refuses the Host %s',
    async (host) => {
      expect(await statusFor(host)).toBe(421);
    },
  );

  const insecure = { host: '0.0.0.0', insecure: true, allowedHosts: ['Registry.Example'] };
  it.each(['10.0.0.5:7171', '[fe80::1]:7171', 'registry:7171', 'registry.example', 'LOCALHOST', hostname()])(
    'a server that other machines can reach accepts a Host that no stranger can point elsewhere: %s',
    async (host) => {
      expect(await statusFor(host, insecure)).toBe(200);
    },
  );

  it.each(['evil.example', 'evil.registry.example', '10.0.0.5.evil.example'])(
    'a server that other machines can reach refuses the Host %s, insecure or not',
    async (host) => {
      expect(await statusFor(host, insecure)).toBe(421);
    },
  );
});

describe('close', () => {
  it('close waits two seconds for a request whose body does not end', async () => {
    const server = await running({ clock: undefined });
    const half = await raw(server.port, `${head('POST', '/api/register', 1_000)}{`);
    await server.ask('GET', '/healthz');
    const asked = performance.now();
    await server.server.close();
    expect(performance.now() - asked).toBeLessThan(5_000);
    await half.closed;
  });

  it('close lets a request that is nearly complete finish', async () => {
    const server = await running({ clock: undefined });
    const body = JSON.stringify({ instances: [instance()] });
    const half = await raw(server.port, `${head('POST', '/api/register', body.length)}${body.slice(0, 10)}`);
    await server.ask('GET', '/healthz');
    const closed = server.server.close();
    half.socket.write(body.slice(10));
    await closed;
    await half.closed;
    expect(half.text()).toMatch(/^HTTP\/1.1 200 /);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { networkOf } from '../../src/http/connection-limits.ts';
import { createServer } from '../../src/index.ts';
import { type Raw, raw, watchHead } from '../attack/raw.ts';
import { instance, running } from '../http.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const start = async (options: object) => {
  const server = await running({ clock: undefined, ...options });
  endings.push(() => server.server.close());
  return server;
};

const ping = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

async function opened(port: number, bytes: string): Promise<Raw> {
  const connection = await raw(port, bytes);
  endings.push(() => connection.socket.destroy());
  return connection;
}
const isServed = (connection: Raw): Promise<boolean> =>
  Promise.race([
    connection.closed.then(() => connection.text() !== ''),
    expect
      .poll(() => connection.text(), { timeout: 10_000 })
      .not.toBe('')
      .then(
        () => true,
        () => false,
      ),
  ]);

describe('limits', () => {
  it.each(['maxConnections', 'maxConnectionsPerAddress'])(
    'a connection beyond the limit %s is closed, until another has ended',
    async (name) => {
      const { port } = await start({ [name]: 2 });
      const [first, second] = [await opened(port, ping), await opened(port, ping)];
      expect([await isServed(first), await isServed(second)]).toEqual([true, true]);
      expect(await isServed(await opened(port, ping))).toBe(false);
      first.socket.destroy();
      await expect.poll(async () => isServed(await opened(port, ping)), { timeout: 10_000 }).toBe(true);
    },
  );

  it('a server without tokens does not limit the instances of one caller, since all its clients count as one caller', async () => {
    const { register } = await start({ maxInstancesPerToken: 2 });
    expect(await register(...['a', 'b', 'c'].map((hostname) => instance({ hostname })))).toMatchObject({ status: 200 });
  });

  it('the limit of connections per address does not apply to this machine unless it is set', async () => {
    const { port } = await start({});
    const all = await Promise.all(Array.from({ length: 1_100 }, () => raw(port, '')));
    endings.push(() => all.map(({ socket }) => socket.destroy()));
    expect(await isServed(await opened(port, ping))).toBe(true);
  });

  it('the limit of connections per address counts an IPv6 client by its /64', () => {
    const spelt = ['2001:db8::1', '2001:db8:0:0:1:2:3:4', '2001:db8:0::%eth0', '::1', '::ffff:10.0.0.1', '10.0.0.1'];
    expect(spelt.map(networkOf)).toEqual([
      ...['2001:db8:0:0', '2001:db8:0:0', '2001:db8:0:0'],
      ...['0:0:0:0', '10.0.0.1', '10.0.0.1'],
    ]);
  });

  it('a watch beyond maxWatches is refused with 503 and Retry-After, and other requests are served', async () => {
    const { port, url } = await start({ maxWatches: 1 });
    const first = await opened(port, watchHead('/api/watch?env=e'));
    await expect.poll(() => first.text()).toContain('snapshot');
    const refused = await fetch(`${url}/api/watch?env=e`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await fetch(`${url}/api/services?env=e`)).status).toBe(200);
    first.socket.destroy();
    await expect
      .poll(async () => {
        const control = new AbortController();
        const { status } = await fetch(`${url}/api/watch?env=e`, { signal: control.signal });
        control.abort();
        return status;
      })
      .toBe(200);
  });
});

describe('a server beyond this machine', () => {
  it('a server that listens beyond this machine does not start without tokens, and says what to set', () => {
    expect(() => createServer({ host: '0.0.0.0' })).toThrow(
      /give a --tokens-file .* allow it with --insecure, or bind 127.0.0.1/,
    );
    expect(() => createServer({ host: '::' })).toThrow(/--tokens-file/);
  });
});

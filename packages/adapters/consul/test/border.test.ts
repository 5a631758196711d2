import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from '@rollcall/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type ConsulOptions, consul } from '../src/index.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A program that listens where an agent should. */
async function pretend(listener: RequestListener): Promise<{ readonly address: string; readonly registry: Registry }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registry = consul({ addresses: [address], closeTimeoutMs: 200 });
  cleanUps.push(async () => {
    await registry.close();
    server.closeAllConnections();
    server.close();
  });
  return { address, registry };
}
const json = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'x-consul-index': '7' }).end(JSON.stringify(body));
};
/** An agent with just enough answers to connect; the test gives the answers about services. */
const agent =
  (services: (response: ServerResponse) => void): RequestListener =>
  ({ url = '' }, response) => {
    if (url.startsWith('/v1/status/leader')) json(response, '127.0.0.1:8300');
    else if (url.startsWith('/v1/acl/token/self')) json(response, 'ACL support disabled', 401);
    else if (url.startsWith('/v1/agent/self'))
      json(response, { Config: { NodeName: 'a', Datacenter: 'dc1', Version: '1.8.7' } });
    else services(response);
  };

describe('an agent that is not well', () => {
  const answers: Record<string, [(response: ServerResponse) => void, string]> = {
    'an answer that breaks off': [
      (response) => {
        response.writeHead(200, { 'content-length': '1000', 'content-type': 'application/json' }).write('[{"Node":');
        setImmediate(() => response.destroy());
      },
      'UNAVAILABLE',
    ],
    'no answer': [() => {}, 'TIMEOUT'],
    'broken JSON': [
      (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('[{"Node"'),
      'UNAVAILABLE',
    ],
    'a page': [(response) => void response.end('<html>'), 'UNAVAILABLE'],
    'an object for a list': [(response) => json(response, { Node: 1 }), 'UNAVAILABLE'],
    'no leader': [(response) => json(response, 'No cluster leader', 500), 'UNAVAILABLE'],
    'too many requests': [(response) => json(response, 'slow down', 429), 'UNAVAILABLE'],
    'a refusal': [(response) => json(response, 'Permission denied', 403), 'UNAUTHORIZED'],
    nothing: [(response) => void response.destroy(), 'UNAVAILABLE'],
  };

  it.each(Object.entries(answers))(
    'reads and watches fail with the right code when an agent gives %s',
    async (_, [services, code]) => {
      const { registry } = await pretend(agent(services));
      const read = registry.getService('a', { timeoutMs: code === 'TIMEOUT' ? 300 : 5_000 });
      await expect(read).rejects.toMatchObject({ name: 'RegistryError', code });
      const watcher = registry.watch({ name: 'a' });
      if (code !== 'TIMEOUT')
        expect((await watcher.next()).value).toMatchObject({ type: 'interrupted', error: { code } });
      await watcher.return();
    },
  );

  it('a read leaves out items of a wrong shape, and keeps the others', async () => {
    const good = { Service: { ID: 'n', Service: 'a', Address: '10.0.0.1', Port: 80 }, Node: {}, Checks: [] };
    const { registry } = await pretend(
      agent((response) => json(response, [null, 1, 'x', [], {}, { Service: 1 }, good])),
    );
    expect((await registry.getService('a')).flatMap(({ nodes }) => nodes.map(({ id }) => id))).toEqual(['n']);
  });

  it('the error says so when a program that is not an agent answers', async () => {
    const plain = { 'content-type': 'text/plain' };
    const other = (response: ServerResponse) => void response.writeHead(404, plain).end('404 page not found\n');
    const { registry } = await pretend((_request, response) => other(response));
    const message = 'the Consul agent answered 404: 404 page not found (is it a Consul agent?)';
    await expect(registry.init()).rejects.toMatchObject({ code: 'UNAVAILABLE', message });
  });
});

describe('options', () => {
  const wrong: [ConsulOptions, RegExp][] = [
    [{ addresses: ['http://'] }, /addresses: "http:\/\/" must be/],
    [{ addresses: ['http://user:secret@host'] }, /^addresses: must be .* without a user$/],
    [{ addresses: ['host?query'] }, /addresses/],
    [{ addresses: ['unix://'] }, /addresses: unix:\/\//],
    [{ token: '' }, /token/],
    [{ token: 'two words' }, /token/],
    [{ datacenter: 'a b' }, /datacenter/],
    [{ tags: ['v-1'] }, /tags/],
    [{ tags: ['t'] }, /tags/],
    [{ tls: { ca: 1 } as never }, /tls/],
  ];
  it.each(wrong)('the option %j is refused', (options, message) => {
    expect(() => consul(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => consul(options)).toThrow(message);
  });

  it.each([{ namespace: 'team' }, { datacenter: 'far' }])(
    'the option %j is refused by an agent that does not support it',
    async (options) => {
      const { address } = await pretend(agent((response) => json(response, [])));
      const registry = consul({ addresses: [address], ...options });
      cleanUps.push(() => registry.close());
      const register = registry.register({ name: 'a', nodes: [{ id: 'n', address: '10.0.0.1:80' }] });
      await expect(register).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    },
  );
});

describe('many nodes in one call', () => {
  const nodes = Array.from({ length: 200 }, (_, index) => ({ id: `n${index}`, address: '10.0.0.1:80' }));

  it('a register of many nodes has at most 16 requests under way', async () => {
    let [now, most] = [0, 0];
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    cleanUps.push(() => process.off('warning', onWarning));
    const { registry } = await pretend(
      agent((response) => {
        now += 1;
        most = Math.max(most, now);
        setTimeout(() => {
          now -= 1;
          json(response, 'no', 500);
        }, 5);
      }),
    );
    await expect(registry.register({ name: 'a', nodes })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(most).toBe(16);
    expect(warnings).toEqual([]);
  });
});

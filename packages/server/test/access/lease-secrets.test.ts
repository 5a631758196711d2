import { afterEach, describe, expect, it } from 'vitest';
import { instance, type Running, running } from '../http.ts';
import { TokensFile } from './tokens.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function start(options: object = {}): Promise<Running> {
  const server = await running({ leaseSecrets: true, ...options });
  endings.push(() => server.server.close());
  return server;
}

describe('with lease secrets', () => {
  it('a lease is renewed and cancelled with its secret, and without the secret its handle is answered as unknown', async () => {
    const { register, ask, url, list } = await start();
    const { data } = await register(instance(), instance({ hostname: 'b' }));
    const { handles, secrets } = data as unknown as { handles: [number, number]; secrets: [string, string] };
    const leases = (items: unknown[]) => ask<{ statuses: number[] }>('PUT', '/api/leases', items);
    const [a, b] = handles;
    expect(
      (await leases([a, [a, 3_000, 1_000], [a, secrets[1]], [a, secrets[0]], [a, 3_000, 1_000, secrets[0]], [b, '']]))
        .data.statuses,
    ).toEqual([404, 404, 404, 200, 200, 404]);
    const one = async (secret?: string) =>
      (
        await fetch(`${url}/api/leases/${a}`, {
          method: 'PUT',
          ...(secret === undefined ? {} : { headers: { 'lease-secret': secret } }),
        })
      ).status;
    expect([await one(), await one(secrets[1]), await one(secrets[0])]).toEqual([404, 404, 200]);
    const cancel = async (body: object) =>
      (await ask<{ cancelled: number }>('POST', '/api/cancel', body)).data.cancelled;
    expect(await cancel({ handles })).toBe(0);
    expect(await cancel({ handles, secrets: [secrets[1], secrets[0]] })).toBe(0);
    expect(await cancel({ handles: [a], secrets: [secrets[0]] })).toBe(1);
    expect((await list()).map(({ hostname }) => hostname)).toEqual(['b']);
  });

  it("a caller with a name but no secret renews and cancels no listed instance, unless its token is an admin's", async () => {
    const keys = [{ env: 'e', appid: 'web', hostname: 'a' }];
    const open = await start();
    await open.register(instance());
    for (const path of ['/api/renew', '/api/cancel']) expect((await open.ask('POST', path, { keys })).status).toBe(403);
    expect((await open.ask('POST', '/api/set', { instances: [{ ...keys[0], status: 2 }] })).status).toBe(403);
    const absent = [{ ...keys[0], hostname: 'z' }];
    expect((await open.ask('POST', '/api/cancel', { keys: absent })).status).toBe(200);

    using file = new TokensFile();
    const [admin, writer] = [file.add('admin', { role: 'admin' }), file.add('writer', { role: 'write' })];
    const server = await start({ tokensFile: file.path });
    const ask = (token: string, path: string, body: object) =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
    await ask(writer, '/api/register', { instances: [instance()] });
    expect((await ask(writer, '/api/cancel', { keys })).status).toBe(403);
    expect((await ask(admin, '/api/renew', { keys })).status).toBe(200);
    expect((await ask(admin, '/api/cancel', { keys })).status).toBe(200);
  });

  it('the secret of a former holder tells it only that the lease is taken', async () => {
    const { register, ask } = await start();
    const first = (await register(instance())).data as unknown as { handles: number[]; secrets: string[] };
    const second = (await register(instance({ version: '2' }))).data as unknown as {
      handles: number[];
      secrets: string[];
    };
    const renew = async (handle: unknown, secret: unknown) =>
      (await ask<{ statuses: number[] }>('PUT', '/api/leases', [[handle, secret]])).data.statuses[0];
    expect(await renew(first.handles[0], first.secrets[0])).toBe(409);
    expect(await renew(second.handles[0], first.secrets[0])).toBe(404);
    expect(await renew(second.handles[0], second.secrets[0])).toBe(200);
  });
});

it('a server without lease secrets answers nothing about them', async () => {
  const server = await start({ leaseSecrets: false });
  expect((await server.register(instance())).data).not.toHaveProperty('secrets');
});

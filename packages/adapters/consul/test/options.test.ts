import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ConsulOptions, parseSettings } from '../src/consul-options.ts';
import { consul } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-consul-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
const settings = (options: ConsulOptions) => parseSettings({ env: {}, ...options });
const bases = (options: ConsulOptions) => settings(options).agents.map(({ base, socketPath }) => socketPath ?? base);

describe('where the agents are', () => {
  it.each<[ConsulOptions, readonly string[]]>([
    [{}, ['http://127.0.0.1:8500']],
    [{ addresses: ['', ' '] }, ['http://127.0.0.1:8500']],
    [
      { addresses: ['a', 'b:1', 'http://c', 'https://d', 'https://e:8501'] },
      ['http://a:8500', 'http://b:1', 'http://c:80', 'https://d:443', 'https://e:8501'],
    ],
    [{ addresses: ['https://proxy.example/consul/'] }, ['https://proxy.example:443/consul']],
    [{ addresses: ['unix:///run/consul.sock', 'a:1'] }, ['http://a:1', '/run/consul.sock']],
    [{ env: { CONSUL_HTTP_ADDR: '' } }, ['http://127.0.0.1:8500']],
    [{ env: { CONSUL_HTTP_ADDR: 'http://a:1/' } }, ['http://a:1']],
    [{ env: { CONSUL_HTTP_ADDR: 'unix:///run/consul.sock' } }, ['/run/consul.sock']],
    [{ env: { CONSUL_HTTP_ADDR: 'a:1', CONSUL_HTTP_SSL: 'true' } }, ['https://a:1']],
    [{ env: { CONSUL_HTTP_ADDR: 'http://a:1', CONSUL_HTTP_SSL: '1' } }, ['http://a:1']],
    [{ env: { CONSUL_HTTP_SSL: 'false' } }, ['http://127.0.0.1:8500']],
    [{ addresses: ['b:2'], env: { CONSUL_HTTP_ADDR: 'a:1' } }, ['http://b:2']],
  ])('the options %j lead to the agents %j', (options, expected) => expect(bases(options)).toEqual(expected));

  it('the registry names its agents, without sockets of this machine', async () => {
    const registry = consul({ addresses: ['a:1', 'https://b/base', 'unix:///run/c.sock'], env: {} });
    expect(registry.endpoints).toEqual(['a:1', 'b:443']);
    await registry.close();
  });
});

describe('the token', () => {
  const path = file('token', 'from-file\n');

  it.each<[ConsulOptions, string | undefined]>([
    [{}, undefined],
    [{ env: { CONSUL_HTTP_TOKEN: 'from-env\n' } }, 'from-env'],
    [{ env: { CONSUL_HTTP_TOKEN: '', CONSUL_HTTP_TOKEN_FILE: '' } }, undefined],
    [{ env: { CONSUL_HTTP_TOKEN: 'from-env', CONSUL_HTTP_TOKEN_FILE: path } }, 'from-file'],
    [{ token: 'from-code \n', env: { CONSUL_HTTP_TOKEN_FILE: path } }, 'from-code'],
    [{ token: () => 'asked\n' }, 'asked'],
  ])('the options %j give the token %j', (options, expected) => expect(settings(options).token()).toBe(expected));

  it('a token file that cannot be read is refused by a message that names its variable', () => {
    const { token } = settings({ env: { CONSUL_HTTP_TOKEN_FILE: join(folder, 'none') } });
    expect(token).toThrow(/^CONSUL_HTTP_TOKEN_FILE: .*none cannot be read/);
  });
});

describe('what else the environment says', () => {
  it("certificates and the server's name are read from the variables of Consul", async () => {
    const pem = file('ca.pem', 'PEM');
    const env = { CONSUL_CACERT: pem, CONSUL_CLIENT_CERT: '', CONSUL_TLS_SERVER_NAME: 'server.dc1.consul' };
    const tls = await settings({ env, tls: { key: 'mine' } }).tls();
    expect({ ...tls, ca: String(tls.ca) }).toEqual({
      ca: 'PEM',
      cert: undefined,
      key: 'mine',
      serverName: 'server.dc1.consul',
    });
    await expect(settings({ env: { CONSUL_CLIENT_KEY: join(folder, 'none') } }).tls()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^CONSUL_CLIENT_KEY: /),
    });
  });

  it.each<[string, ConsulOptions['tls']]>([
    ['an authority without a certificate', { ca: 'garbage' }],
    ['a key that is no PEM', { cert: 'garbage', key: 'garbage' }],
    ['a key without its certificate', { key: 'garbage' }],
  ])('the TLS option %s is INVALID_ARGUMENT and not UNAVAILABLE', async (_, tls) => {
    const registry = consul({ addresses: ['https://127.0.0.1:1'], env: {}, tls });
    await expect(registry.init()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^CONSUL_C.* or tls\./),
    });
    await registry.close();
  });

  it('white space around a variable is dropped, and a variable of white space counts as absent', () => {
    const read = settings({
      env: {
        CONSUL_HTTP_TOKEN: ' ',
        CONSUL_HTTP_TOKEN_FILE: ' ',
        CONSUL_NAMESPACE: 'team\n',
        CONSUL_HTTP_SSL: ' true',
      },
    });
    expect([read.token(), read.namespace, read.agents[0]?.secure]).toEqual([undefined, 'team', true]);
    expect(settings({ env: { CONSUL_NAMESPACE: ' ' } }).namespace).toBeUndefined();
  });

  it('a bad variable is refused by a message that names it', () => {
    expect(() => settings({ env: { CONSUL_HTTP_ADDR: '"a:1"' } })).toThrow(/^CONSUL_HTTP_ADDR: /);
    expect(() => settings({ env: { CONSUL_HTTP_TOKEN: 'a b' } })).toThrow(/^CONSUL_HTTP_TOKEN must be/);
  });

  it('a namespace is read from the environment unless code gives one', () => {
    const env = { CONSUL_NAMESPACE: 'team' };
    expect([settings({ env }).namespace, settings({ env, namespace: 'own' }).namespace]).toEqual(['team', 'own']);
    expect(() => settings({ env: { CONSUL_NAMESPACE: 'a b' } })).toThrow(/^CONSUL_NAMESPACE must be/);
  });

  it('the user of a proxy is read from CONSUL_HTTP_AUTH', () => {
    expect(settings({ env: { CONSUL_HTTP_AUTH: 'me:secret' } }).auth).toBe('me:secret');
  });
});

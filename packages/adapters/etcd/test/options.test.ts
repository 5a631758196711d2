import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type EtcdOptions, parseSettings } from '../src/etcd-options.ts';
import { etcd } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-etcd-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const origins = (options: EtcdOptions): readonly string[] =>
  parseSettings({ env: {}, ...options }).endpoints.map(({ origin }) => origin);

describe('where etcd is', () => {
  it.each<[EtcdOptions, readonly string[]]>([
    [{}, ['http://127.0.0.1:2379']],
    [{ addresses: [] }, ['http://127.0.0.1:2379']],
    [
      { addresses: ['https://etcd.example:443', 'http://etcd.example:80'] },
      ['https://etcd.example:443', 'http://etcd.example:80'],
    ],
    [{ addresses: ['https://etcd.example'] }, ['https://etcd.example:2379']],
    [{ env: { ETCDCTL_ENDPOINTS: '' } }, ['http://127.0.0.1:2379']],
    [{ env: { ETCDCTL_ENDPOINTS: ' , ' } }, ['http://127.0.0.1:2379']],
    [{ env: { ETCDCTL_ENDPOINTS: 'a:1, [::1]:2,' } }, ['http://a:1', 'http://[::1]:2']],
    [{ addresses: ['c:3'], env: { ETCDCTL_ENDPOINTS: 'a:1' } }, ['http://c:3']],
    [{ env: { ETCDCTL_ENDPOINTS: 'a:1,http://b:1', ETCDCTL_CACERT: '/ca' } }, ['https://a:1', 'http://b:1']],
    [{ addresses: ['a:1'], tls: { cert: 'c', key: 'k' } }, ['https://a:1']],
  ])('%j', (options, expected) => expect(origins(options)).toEqual(expected));

  it('is said by the registry', async () => {
    const registry = etcd({ addresses: ['a:1', 'https://b:2'], env: {} });
    expect(registry.endpoints).toEqual(['a:1', 'b:2']);
    await registry.close();
  });
});

describe('the user of a token', () => {
  it('a newline after the password is none of it, and spaces within are', () => {
    expect(parseSettings({ token: 'app:my pass:word\r\n', env: {} }).user).toEqual({
      name: 'app',
      password: 'my pass:word',
    });
  });

  it.each(['', 'app', ':pw', '\n'])('%j is no user with a password', (token) => {
    expect(() => parseSettings({ token, env: {} })).toThrow('user:password');
  });
});

describe('certificates', () => {
  const file = join(folder, 'own.pem');
  writeFileSync(file, 'PEM');

  it('of the client are taken from the variables without an authority as well', () => {
    const { tls } = parseSettings({ env: { ETCDCTL_CERT: file, ETCDCTL_KEY: file } });
    expect(tls()).toEqual({ ca: undefined, cert: 'PEM', key: 'PEM' });
  });

  it('in code make the variables void', () => {
    expect(parseSettings({ tls: { ca: 'mine' }, env: { ETCDCTL_CACERT: join(folder, 'none') } }).tls()).toMatchObject({
      ca: 'mine',
    });
  });

  it('that cannot be read are named with their variable', () => {
    const { tls } = parseSettings({ env: { ETCDCTL_KEY: join(folder, 'none') } });
    expect(tls).toThrow(/^ETCDCTL_KEY: .*none cannot be read/);
  });
});

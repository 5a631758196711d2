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
  ])('the options %j lead to the members %j', (options, expected) => expect(origins(options)).toEqual(expected));

  it('the registry names its endpoints', async () => {
    const registry = etcd({ addresses: ['a:1', 'https://b:2'], env: {} });
    expect(registry.endpoints).toEqual(['a:1', 'b:2']);
    await registry.close();
  });
});

describe('the user of a token', () => {
  it('a newline after the password is dropped, and spaces inside it are kept', () => {
    expect(parseSettings({ token: 'app:my pass:word\r\n', env: {} }).user).toEqual({
      name: 'app',
      password: 'my pass:word',
    });
  });

  it.each(['', 'app', ':pw', '\n'])('the token %j is refused, since it is not a user with a password', (token) => {
    expect(() => parseSettings({ token, env: {} })).toThrow('user:password');
  });
});

describe('certificates', () => {
  const file = join(folder, 'own.pem');
  writeFileSync(file, 'PEM');

  it('client certificates are read from the variables also when no authority is set', () => {
    const { tls } = parseSettings({ env: { ETCDCTL_CERT: file, ETCDCTL_KEY: file } });
    expect(tls()).toEqual({ ca: undefined, cert: 'PEM', key: 'PEM' });
  });

  it('certificates in code replace those of the variables', () => {
    expect(parseSettings({ tls: { ca: 'mine' }, env: { ETCDCTL_CACERT: join(folder, 'none') } }).tls()).toMatchObject({
      ca: 'mine',
    });
  });

  it.each([
    ['an authority without a certificate', { ca: 'garbage' }],
    ['a key that is no PEM', { cert: 'garbage', key: 'garbage' }],
    ['a key without its certificate', { key: 'garbage' }],
  ])('the TLS option %s is INVALID_ARGUMENT and not UNAVAILABLE', async (_, tls) => {
    const registry = etcd({ addresses: ['127.0.0.1:1'], env: {}, tls });
    await expect(registry.init()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^ETCDCTL_C.* or tls\./),
    });
    await registry.close();
  });

  it('a bad address in a variable is refused by a message that names the variable', () => {
    expect(() => parseSettings({ env: { ETCDCTL_ENDPOINTS: '"a:1"' } })).toThrow(/^ETCDCTL_ENDPOINTS: /);
    expect(() => parseSettings({ addresses: ['a b'], env: { ETCDCTL_ENDPOINTS: 'a:1' } })).toThrow(/^addresses: /);
  });

  it('a certificate file that cannot be read is refused by a message that names its variable', () => {
    const { tls } = parseSettings({ env: { ETCDCTL_KEY: join(folder, 'none') } });
    expect(tls).toThrow(/^ETCDCTL_KEY: .*none cannot be read/);
  });
});

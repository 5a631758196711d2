import { describe, expect, it } from 'vitest';
import { decode, encode, keyFor, rangeEnd, rangeFor } from '../src/etcd-mapping.ts';

const entry = {
  ...{ name: 'greeter', version: '1.2.0', metadata: { team: 'a' } },
  endpoints: [{ name: 'Say.Hello', request: { name: 'Req', type: 'Req', values: [] }, metadata: { stream: 'false' } }],
  node: { id: 'greeter-1', address: '10.0.0.1:80', metadata: { server: 'http' } },
};
const read = (service: unknown) => decode(Buffer.from(JSON.stringify(service)));

describe('keys', () => {
  it('an entry has the etcd key that go-micro uses', () => {
    expect(keyFor('/micro/registry/', { name: 'go.micro.srv.greeter', id: 'go.micro.srv.greeter-1' })).toBe(
      '/micro/registry/go.micro.srv.greeter/go.micro.srv.greeter-1',
    );
    expect(keyFor('/p/', { name: 'a/b', id: 'c/d' })).toBe('/p/a-b/c-d');
  });

  it('the key range of a service contains no key of another service', () => {
    const range = rangeFor('/p/', 'user');
    expect(keyFor('/p/', { name: 'user', id: 'x' }).startsWith(range)).toBe(true);
    expect(keyFor('/p/', { name: 'user-admin', id: 'x' }).startsWith(range)).toBe(false);
    expect(rangeEnd('/p/user/').toString()).toBe('/p/user0');
  });
});

describe('values', () => {
  it('an entry comes back from its etcd value as it was', () => {
    expect(decode(encode(entry))).toEqual(entry);
  });

  it('an etcd value has the field names of go-micro, in the order of go-micro', () => {
    const text = encode(entry).toString();
    expect([...text.matchAll(/"(name|version|metadata|endpoints|nodes|id|address)":/g)].map(([, key]) => key)).toEqual(
      // The keys of the service, then of its endpoint (request, metadata, name), then of its node.
      ['name', 'version', 'metadata', 'endpoints', 'name', 'metadata', 'name', 'nodes', 'metadata', 'id', 'address'],
    );
  });

  it.each([
    ['v1, host and port apart', { id: 'n', address: '10.0.0.1', port: 80 }, '10.0.0.1:80'],
    ['v1, IPv6', { id: 'n', address: 'fe80::1', port: 80 }, '[fe80::1]:80'],
    ['v5', { id: 'n', address: '10.0.0.1:80', metadata: null }, '10.0.0.1:80'],
  ])('a value that go-micro %s wrote is read', (_, node, address) => {
    const service = { name: 's', version: 'latest', metadata: null, endpoints: null, nodes: [node] };
    expect(read(service)).toEqual({
      ...{ name: 's', version: 'latest', metadata: {}, endpoints: [] },
      node: { id: 'n', address, metadata: {} },
    });
  });

  it.each([
    'junk',
    'null',
    '[]',
    '{"name":"s"}',
    '{"name":"s","nodes":[{"id":"n"}]}',
    '{"name":"s","nodes":[{"id":"","address":"h:1"}]}',
    '{"name":"s","nodes":[{"id":"n","address":"nonsense"}]}',
    '{"name":7,"nodes":[{"id":"n","address":"h:1"}]}',
  ])('a value that holds no service is skipped: %s', (text) => {
    expect(decode(Buffer.from(text))).toBeUndefined();
  });

  it('endpoint values nested without end are cut', () => {
    const depth = 5_000;
    const values = `${'{"name":"v","type":"t","values":['.repeat(depth)}${']}'.repeat(depth)}`;
    const text = `{"name":"s","endpoints":[{"name":"e","request":${values}}],"nodes":[{"id":"n","address":"h:1"}]}`;
    expect(decode(Buffer.from(text))?.endpoints[0]?.request?.name).toBe('v');
  });
});

import type { Endpoint } from '@rollcall/core';
import type { Entry } from '@rollcall/core/adapter';
import { sameEntry } from '@rollcall/core/adapter';
import { describe, expect, it } from 'vitest';
import { decodeZlib, encodeGo, encodeZlib } from '../../../core/src/go-micro/index.ts';
import {
  goDuration,
  type Registration,
  serviceIdOf,
  toInstance,
  toRegistration,
  withoutDoubles,
} from '../src/consul-mapping.ts';
import { readTags } from '../src/tags/tags.ts';

/** Published tags: from go-micro's own test, and from a dump of a Consul that go-micro services used in 2019. */
const published: Readonly<Record<string, string>> = {
  'v-789c32d433d03300040000ffff02ce00ee': '1.0.0',
  'v-789cca492c492d2e01040000ffff08cc028e': 'latest',
  't-789caa562a294acc2b2ec82f2a51b252ca28292950aa05040000ffff4f930768': '{"transport":"http"}',
  't-789caa564a2acacf4e2d52b252ca28292950aa05040000ffff364d0600': '{"broker":"http"}',
  't-789caa562a4e2d2a4b2d52b252ca2d4d2e50aa05040000ffff37200607': '{"server":"mucp"}',
  't-789caa562a4a4dcf2c2e29aa54b2524acecf2b2ecd51aa05040000ffff560f07c8': '{"registry":"consul"}',
  't-789caa562a28ca2fc94fcecf51b252ca2d4d2e50aa05040000ffff46a906e2': '{"protocol":"mucp"}',
};

const author = { owner: 'o1', write: 'w1', tags: [] };
const entry = (change: Partial<Entry> = {}): Entry => ({
  name: 'greeter',
  version: '1.0.0',
  metadata: {},
  endpoints: [],
  node: { id: 'n1', address: '10.0.0.1:8080', metadata: {} },
  ...change,
});

/** Consul's answer for a registration. */
const stored = ({ id, name, tags, meta, address, port }: Registration, checks: readonly object[] = []) => ({
  Node: { Node: 'host1', Address: '192.0.2.1' },
  Service: { ID: id, Service: name, Tags: tags, Meta: meta, Address: address ?? '', Port: port, ModifyIndex: 7 },
  Checks: checks,
});
const roundTrip = (written: Entry) => toInstance(stored(toRegistration(written, undefined, author)))?.entry;

describe('tags', () => {
  it.each(Object.entries(published))("go-micro's tag %s decodes, and encodes byte for byte", (tag, text) => {
    expect(decodeZlib(tag.slice(2))).toBe(text);
    expect(`${tag.slice(0, 2)}${encodeGo(text)}`).toBe(tag);
  });

  it('tags are read whichever compressor wrote them', () => {
    for (const text of ['', 'a', 'ü'.repeat(500), JSON.stringify({ a: 'b'.repeat(5_000) })]) {
      expect(decodeZlib(encodeGo(text))).toBe(text);
      expect(decodeZlib(encodeZlib(text))).toBe(text);
    }
  });

  it('tags in the first form of go-micro are read', () => {
    const read = readTags(['t={"zone":"z1"}', 'e={"name":"Say.Hello","metadata":null}', 'v=1.2.3', 'v=9']);
    expect(read).toMatchObject({ goMicro: true, version: '1.2.3', metadata: { zone: 'z1' } });
    expect(read.endpoints.map(({ name }) => name)).toEqual(['Say.Hello']);
  });

  it('a foreign tag does not keep the tags beside it from being read', () => {
    const read = readTags([
      'traefik.enable=true',
      'e',
      't',
      'v',
      '',
      't-zz',
      'e-00',
      't={',
      `t-${encodeGo('{"k":"v"}')}`,
    ]);
    expect(read).toMatchObject({
      goMicro: true,
      version: '',
      metadata: { k: 'v' },
      endpoints: [],
      authored: undefined,
    });
    expect(readTags(['traefik.enable=true', 'env:prod', 'version=2']).goMicro).toBe(false);
  });

  it('a tag that inflates without end is ignored', () => {
    expect(decodeZlib(encodeZlib('x'.repeat(2_000_000)))).toBeUndefined();
  });

  it('endpoints are written with every field that go-micro expects', () => {
    const { tags } = toRegistration(entry({ endpoints: [{ name: 'A<B>' }] }), undefined, author);
    expect(decodeZlib(tags[0]?.slice(2) ?? '')).toBe(
      '{"name":"A\\u003cB\\u003e","request":null,"response":null,"metadata":null}',
    );
  });

  it('endpoints nested without end are cut', () => {
    let request = '{"name":"r","type":"t"}';
    for (let depth = 0; depth < 5_000; depth += 1) request = `{"name":"r","type":"t","values":[${request}]}`;
    expect(readTags(['v=1', `e={"name":"E","request":${request}}`]).endpoints[0]?.name).toBe('E');
  });
});

describe('an entry', () => {
  const endpoint: Endpoint = {
    name: 'Greeter.Hello',
    request: { name: 'Request', type: 'Request', values: [{ name: 'name', type: 'string' }] },
    response: { name: 'Response', type: 'Response' },
    metadata: { stream: 'false' },
  };

  it.each([
    entry(),
    entry({ version: '' }),
    entry({ metadata: { owner: 'team a', ['__proto__']: 'x' }, endpoints: [endpoint, { name: '' }] }),
    entry({ node: { id: 'A:b_C.d-1', address: '[2001:db8::1]:65535', metadata: { 'a/b.c': 'ü'.repeat(512) } } }),
    entry({ node: { id: 'n', address: 'name.example.com:1', metadata: { ['__proto__']: 'y', version: '9' } } }),
    entry({ node: { id: 'n', address: '0.0.0.0:1', metadata: {} } }),
    entry({ node: { id: 'n', address: '[0:0::0]:1', metadata: {} } }),
  ])('an entry comes back whole from Consul: %#', (written) => {
    const read = roundTrip(written);
    expect(read === undefined ? undefined : sameEntry({ ...written }, read)).toBe(true);
    expect(Object.entries(read?.node.metadata ?? {})).toEqual(Object.entries(written.node.metadata));
  });

  it('the ServiceID is the node id only in the form of go-micro', () => {
    const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
    expect(serviceIdOf({ name: 'greeter', id: `greeter-${uuid}` })).toBe(`greeter-${uuid}`);
    const others = [uuid, `greeter-${uuid.toUpperCase()}`, `greeter2-${uuid}`, 'n1', 'N1', '.'];
    const ids = others.map((id) => serviceIdOf({ name: 'greeter', id }));
    expect(new Set(ids.map((id) => id.toLowerCase())).size).toBe(others.length);
    for (const id of ids) expect(id).toMatch(/^greeter:.+:[0-9a-f]{12}$/);
    expect(serviceIdOf({ name: 'a', id: 'b:c' })).not.toBe(serviceIdOf({ name: 'a:b', id: 'c' }));
  });

  it("Meta holds the pairs that Consul accepts there, and the user's tags come last", () => {
    const metadata = { zone: 'z1', 'a/b': 'c', 'consul-x': 'y', long: 'x'.repeat(513) };
    const written = entry({ node: { id: 'n', address: '10.0.0.1:80', metadata } });
    const { meta, tags } = toRegistration(written, undefined, { ...author, tags: ['traefik.enable=true'] });
    expect(meta).toEqual({ zone: 'z1', version: '1.0.0', rollcall: expect.any(String) });
    expect(tags.at(-1)).toBe('traefik.enable=true');
  });

  it('an entry with a lease gets a TTL check, and an entry without one a check of ten years', () => {
    const check = (ttlMs: number) => toRegistration(entry(), { ttlMs, renewIntervalMs: 1 }, author).check;
    expect(check(10_000)).toMatchObject({ ttl: '10s', status: 'passing', deregistercriticalserviceafter: '1m5s' });
    expect(check(90_000)).toMatchObject({ ttl: '1m30s', deregistercriticalserviceafter: '1m35s' });
    expect(toRegistration(entry(), undefined, author).check).toEqual({ ttl: '87600h0m0s', status: 'passing' });
    expect([1_000, 1_500, 60_000, 65_001, 3_600_000].map(goDuration)).toEqual([
      '1s',
      '1.5s',
      '1m0s',
      '1m5.001s',
      '1h0m0s',
    ]);
  });
});

describe('what others wrote', () => {
  const item = (service: object, checks: readonly unknown[] = []) =>
    toInstance({ Node: { Node: 'host1', Address: '192.0.2.1' }, Service: service, Checks: checks });

  it('a hand-written entry has version and metadata from Meta, and may have the address of its machine', () => {
    const meta = { version: '7', team: 'a' };
    const read = item({ ID: 'web-1', Service: 'Web', Tags: ['prod'], Meta: meta, Address: '', Port: 80 });
    expect(read?.entry).toEqual({
      name: 'Web',
      version: '7',
      metadata: {},
      endpoints: [],
      node: { id: 'web-1@host1', address: '192.0.2.1:80', metadata: { ...meta, 'consul-tags': 'prod' } },
    });
    expect(item({ ID: 'x', Service: 'x', Tags: null, Meta: null, Address: '::1', Port: 80 })?.entry.node.address).toBe(
      '[::1]:80',
    );
  });

  it('an entry of go-micro is read from its tags and not from Meta', () => {
    const tags = Object.keys(published).slice(0, 4);
    const read = item({
      ID: 'yutest-1',
      Service: 'yutest',
      Tags: tags,
      Meta: { other: '1' },
      Address: '10.0.0.9',
      Port: 9,
    });
    expect(read?.entry).toMatchObject({
      version: '1.0.0',
      node: { id: 'yutest-1', address: '10.0.0.9:9', metadata: { transport: 'http', broker: 'http' } },
    });
  });

  const endpoint = { name: 'Say.Hello', request: { name: 'Req', type: 'Req', values: null }, response: null };
  it.each([
    ['1.7, without Meta', { Tags: ['t-M', 'e-E', 'v-V'], Address: '10.0.0.9', Port: 9 }],
    [
      '1.0, tags in the clear',
      { Tags: [`t={"zone":"z1"}`, `e=${JSON.stringify(endpoint)}`, 'v=1.0.0'], Address: '10.0.0.9', Port: 9 },
    ],
    ['2, with foreign tags', { Tags: ['traefik.enable=true', 't-M', 'e-E', 'v-V'], Address: '10.0.0.9', Port: 9 }],
    ['5, metadata twice', { Tags: ['t-M', 'e-E', 'v-V'], Meta: { zone: 'z1' }, Address: '10.0.0.9', Port: 9 }],
  ])('an entry of go-micro %s is read', (_, document) => {
    const real: Record<string, string> = {
      't-M': `t-${encodeGo('{"zone":"z1"}')}`,
      'e-E': `e-${encodeGo(JSON.stringify({ ...endpoint, metadata: { stream: 'false' } }))}`,
      'v-V': 'v-789c32d433d03300040000ffff02ce00ee',
    };
    const Tags = document.Tags.map((tag) => real[tag] ?? tag);
    const read = item({ ...document, Tags, ID: 'say-1', Service: 'say' });
    expect(read?.entry).toMatchObject({
      version: '1.0.0',
      endpoints: [{ name: 'Say.Hello', request: { name: 'Req', type: 'Req' } }],
      node: { id: 'say-1', address: '10.0.0.9:9', metadata: { zone: 'z1' } },
    });
  });

  it('a tag of ours that was copied to another service is ignored there', () => {
    const { tags } = toRegistration(entry(), undefined, author);
    expect(item({ ID: 'copy', Service: 'other', Tags: tags, Address: '10.0.0.9', Port: 9 })).toMatchObject({
      owner: undefined,
      entry: { node: { id: 'copy' } },
    });
  });

  it('an entry without a usable name, id or address is skipped', () => {
    for (const service of [
      {},
      { ID: 'a', Service: '', Port: 80 },
      { ID: '', Service: 'a', Port: 80 },
      { ID: 'a', Service: 'a', Port: 0 },
      { ID: 'a', Service: 'a', Port: '80x' },
      { ID: 'a', Service: 'a', Address: 'a queue', Port: 80 },
    ])
      expect(item(service)).toBeUndefined();
    for (const junk of [undefined, null, 1, 'a', [], { Service: 1, Node: 2, Checks: 3 }])
      expect(toInstance(junk)).toBeUndefined();
  });

  it('an entry is dead if any check of it or of its machine is critical, and alive with a warning', () => {
    const service = { ID: 'a', Service: 'a', Port: 80 };
    expect(item(service, [{ Status: 'passing' }, { Status: 'warning' }, null, 'x'])?.live).toBe(true);
    expect(item(service, [{ CheckID: 'serfHealth', Status: 'critical' }])?.live).toBe(false);
  });
});

describe('one id on two agents', () => {
  const on = (node: string, modified: number, status: string) => {
    const item = stored(toRegistration(entry(), undefined, author), [{ Status: status }]);
    const read = toInstance({ ...item, Node: { Node: node }, Service: { ...item.Service, ModifyIndex: modified } });
    if (read === undefined) throw new Error('not read');
    return read;
  };

  it('one id on two agents is read as one node: passing before critical, then the newest', () => {
    const best = (...instances: ReturnType<typeof on>[]) =>
      [...withoutDoubles(instances).values()].map(({ node }) => node);
    expect(best(on('a', 1, 'passing'), on('b', 2, 'passing'))).toEqual(['b']);
    expect(best(on('a', 1, 'passing'), on('b', 2, 'critical'))).toEqual(['a']);
    expect(best(on('b', 2, 'critical'), on('a', 1, 'critical'))).toEqual(['b']);
  });
});

import { describe, expect, it } from 'vitest';
import { type Registration, toInstance, toRegistration } from '../src/consul-mapping.ts';

const item = (service: object, machine = 'host1') =>
  toInstance({ Node: { Node: machine, Address: '192.0.2.1' }, Service: service, Checks: [] });
const web = { ID: 'web', Service: 'web', Address: '10.0.0.1', Port: 80 };
const entryOf = (service: object, machine?: string) => item(service, machine)?.entry;

describe('the id of an entry that others wrote', () => {
  it('the id of a foreign entry contains its machine, so that one ServiceID on three machines is three nodes', () => {
    const ids = ['a', 'b', 'c.example'].map((machine) => entryOf(web, machine)?.node.id);
    expect(ids).toEqual(['web@a', 'web@b', 'web@c.example']);
  });

  it('a ServiceID with an @ keeps it in the node id', () => {
    expect(entryOf({ ...web, ID: 'me@home' })?.node.id).toBe('me@home@host1');
  });
});

describe('the version of an entry that others wrote', () => {
  it.each([
    ['Meta.version', { Meta: { version: '2' }, Tags: ['version=1'] }, '2'],
    ['a tag, as kratos and older Spring write it', { Tags: ['secure=false', 'version=v1.4.0'] }, 'v1.4.0'],
    ['an empty tag', { Tags: ['version='] }, ''],
    ['none', { Tags: ['versions=3'] }, ''],
  ])('the version of a foreign entry is that of %s', (_, more, version) =>
    expect(entryOf({ ...web, ...more })?.version).toBe(version),
  );
});

describe('the tags of an entry that others wrote', () => {
  const metadataOf = (more: object) => entryOf({ ...web, ...more })?.node.metadata;

  it('the tags of a foreign entry become one pair of its metadata, in their order, with commas escaped', () => {
    expect(metadataOf({ Tags: ['primary', 'zone=a,b', 'primary'] })).toEqual({
      'consul-tags': 'primary,zone=a%2Cb,primary',
    });
  });

  it('the pair consul-tags in Meta replaces the tags, and an entry without tags has no such pair', () => {
    expect(metadataOf({ Tags: ['x'], Meta: { 'consul-tags': 'own' } })).toEqual({ 'consul-tags': 'own' });
    expect(metadataOf({ Tags: [], Meta: { a: 'b' } })).toEqual({ a: 'b' });
  });

  it.each([
    [['v=3.1', 'prod']],
    [['t={"team":"blue"}', 'prod']],
    [['e={"name":"E"}']],
    [['v=1', 'v=2']],
    [['e-commerce', 't-shirts', 'v-neck']],
    [['r-abc', 'r-00']],
  ])('Meta is read in spite of a tag that only looks like a tag of go-micro: %j', (tags) => {
    const read = entryOf({ ...web, Tags: tags, Meta: { version: '7', zone: 'z' } });
    expect(read).toMatchObject({ version: '7', endpoints: [], node: { id: 'web@host1', metadata: { zone: 'z' } } });
  });

  it('an entry of go-micro keeps its own tags and id', () => {
    const read = entryOf({ ...web, Tags: ['v=1.0', 't={"zone":"z1"}', 'prod'], Meta: { zone: 'other' } });
    expect(read).toMatchObject({ version: '1.0', node: { id: 'web', metadata: { zone: 'z1' } } });
  });
});

describe('the address of an entry that others wrote', () => {
  it.each([
    ['http://10.9.0.7', 8080, '10.9.0.7:8080'],
    ['https://api.example.com/v1/', 443, 'api.example.com:443'],
    ['grpc://10.9.0.7:9000', 9000, '10.9.0.7:9000'],
    ['http://10.9.0.7:8080', 0, '10.9.0.7:8080'],
    ['http://[2001:db8::7]:80', 80, '[2001:db8::7]:80'],
    ['2001:db8::7', 80, '[2001:db8::7]:80'],
    ['db.internal.', 5432, 'db.internal.:5432'],
  ])('a foreign address %s with port %i is read as %s', (Address, Port, address) => {
    expect(entryOf({ ...web, Address, Port })?.node.address).toBe(address);
  });

  it.each([
    ['a queue', 80],
    ['http://', 80],
    ['tcp://a b', 80],
    ['10.9.0.7', 0],
  ])('a foreign address %j with port %i is not usable', (Address, Port) =>
    expect(item({ ...web, Address, Port })).toBeUndefined(),
  );
});

describe('what we write', () => {
  const author = { owner: 'abcdef0123456789abcdef01', write: '7', tags: [] };
  const registration = (metadata: Readonly<Record<string, string>> = {}, version = '1.0.0'): Registration =>
    toRegistration(
      { name: 'web', version, metadata, endpoints: [], node: { id: 'n1', address: '10.0.0.1:80', metadata: {} } },
      undefined,
      author,
    );
  const stored = ({ id, name, tags, meta, address, port }: Registration, machine = 'host1') =>
    toInstance({
      Node: { Node: machine },
      Service: { ID: id, Service: name, Tags: tags, Meta: meta, Address: address, Port: port },
    });

  it("an entry that we write keeps Rollcall's own data in Meta and only a short mark in its tags", () => {
    const { tags, meta } = registration({ team: 'a' });
    expect(tags.filter((tag) => tag.startsWith('r-'))).toEqual(['r-abcdef-7']);
    expect(JSON.parse(meta.rollcall ?? '')).toMatchObject({ id: 'n1', owner: author.owner, metadata: { team: 'a' } });
    expect(stored(registration({ team: 'a' }))).toMatchObject({
      owner: author.owner,
      write: '7',
      entry: { metadata: { team: 'a' }, node: { id: 'n1' } },
    });
  });

  it("an entry that we write keeps Rollcall's own data in a tag when Meta has no room", () => {
    const long = { team: 'x'.repeat(600) };
    const { tags, meta } = registration(long);
    expect(meta.rollcall).toBeUndefined();
    expect(tags.find((tag) => tag.startsWith('r-'))).toMatch(/^r-789c/);
    expect(stored(registration(long))).toMatchObject({ owner: author.owner, write: '7', entry: { metadata: long } });
  });

  it('an entry that we write has its version in Meta, for programs that read Consul by hand', () => {
    expect(registration().meta.version).toBe('1.0.0');
    expect(registration({}, '').meta).not.toHaveProperty('version');
  });

  it("an entry that we write has no more pairs in Meta than Consul takes, and Rollcall's own are always among them", () => {
    const metadata = Object.fromEntries([
      ['rollcall', 'mine'],
      ['version', 'mine'],
      ...Array.from({ length: 62 }, (_, index) => [`k${index}`, 'v']),
    ]);
    const { meta } = toRegistration(
      { name: 'web', version: '2', metadata: {}, endpoints: [], node: { id: 'n', address: '10.0.0.1:80', metadata } },
      undefined,
      author,
    );
    expect(Object.keys(meta).length).toBeLessThanOrEqual(64);
    expect(meta).toMatchObject({ version: '2', rollcall: expect.stringContaining('"owner"') });
  });
});

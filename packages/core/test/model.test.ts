import { RegistryError } from '@rollcall/core';
import { createRegistry, limits, sameEntry } from '@rollcall/core/adapter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseService } from '../src/model/input.ts';
import { ScriptedDriver } from './scripted-driver.ts';

const good = { name: 'greeter', nodes: [{ id: 'a', address: '10.0.0.1:80' }] };
const node = (over: object) => ({ ...good, nodes: [{ ...good.nodes[0], ...over }] });
const deep = (depth: number): object => ({ name: 'v', type: 't', values: depth === 1 ? [] : [deep(depth - 1)] });

describe('addresses', () => {
  const right = [
    '10.0.0.1:80',
    'localhost:1',
    'a-b.example.com:65535',
    '[::1]:80',
    '[fe80::1%eth0]:80',
    'my_host:80',
    'web.:80',
    `${'a.'.repeat(126)}b.:80`,
  ];
  const wrong = [
    '',
    '10.0.0.1',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '::1:80',
    '[10.0.0.1]:80',
    '10.0.0.256:80',
    'a b:80',
    ':80',
    'a..b:80',
    'a..:80',
    '.:80',
    '10.0.0.1.:80',
    `${'a.'.repeat(127)}b.:80`,
    '-a:80',
    'http://a:80',
    'a:80/',
    `${'a'.repeat(64)}:80`,
  ];
  it.each(right)('register accepts the address %s', (address) => expect(limits.isAddress(address)).toBe(true));
  it.each(wrong)('register refuses the address %j', (address) => expect(limits.isAddress(address)).toBe(false));
});

describe('limits', () => {
  const wrong: [string, unknown, RegExp][] = [
    ['nothing', undefined, /^service must be an object/],
    ['upper case', { ...good, name: 'Greeter' }, /^name must be .*"Greeter"/],
    ['64 characters', { ...good, name: 'a'.repeat(64) }, /^name/],
    ['version', { ...good, version: 'ü' }, /^version/],
    ['long version', { ...good, version: 'v'.repeat(65) }, /^version/],
    ['no nodes', { ...good, nodes: [] }, /^nodes must be a list of at least one node/],
    ['nodes no array', { ...good, nodes: {} }, /^nodes must be an array/],
    ['id twice', { ...good, nodes: [good.nodes[0], good.nodes[0]] }, /^nodes\[1\]\.id must be different/],
    ['id', node({ id: '-a' }), /^nodes\[0\]\.id/],
    ['address', node({ address: 'here' }), /^nodes\[0\]\.address/],
    ['metadata value', node({ metadata: { a: 1 } }), /^nodes\[0\]\.metadata\["a"\] must be a string/],
    ['surrogate', node({ metadata: { a: '\ud800' } }), /well-formed/],
    ['bytes', node({ metadata: { a: 'ü'.repeat(513) } }), /at most 1024 bytes/],
    ['key', { ...good, metadata: { 'a b': '' } }, /^metadata: the key/],
    [
      'pairs',
      { ...good, metadata: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])) },
      /64 pairs/,
    ],
    [
      'endpoints',
      { ...good, endpoints: Array(257).fill({ name: 'e' }) },
      /^endpoints must be a list of at most 256, got 257/,
    ],
    ['endpoint name', { ...good, endpoints: [{}] }, /^endpoints\[0\]\.name/],
    ['depth', { ...good, endpoints: [{ name: 'e', request: deep(9) }] }, /nested at most 8/],
  ];
  it.each(wrong)('register refuses %s by a message that names the field', (_, input, message) => {
    expect(() => parseService(input)).toThrow(message);
  });

  it('register accepts values that are exactly at a limit', () => {
    const metadata = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, '']));
    const endpoints = [{ name: 'e', request: deep(8) }, ...Array(255).fill({ name: 'f' })];
    const [entry] = parseService({ ...good, name: 'a'.repeat(63), version: ' '.repeat(64), metadata, endpoints });
    expect(entry?.endpoints).toHaveLength(256);
  });

  it('the model treats absent, null and empty alike', () => {
    const [absent] = parseService({ ...good, endpoints: [{ name: 'e', request: { name: 'r', type: 't' } }] });
    const [given] = parseService({
      ...node({ metadata: null }),
      version: null,
      metadata: null,
      endpoints: [{ name: 'e', request: { name: 'r', type: 't', values: null }, response: null, metadata: {} }],
    });
    expect(given).toEqual(absent);
    expect(sameEntry(given, absent)).toBe(true);
  });

  it('the model keeps __proto__ as a metadata key like any other', () => {
    const [entry] = parseService({ ...good, metadata: JSON.parse('{"__proto__":"x"}') });
    expect(Object.entries(entry?.metadata ?? {})).toEqual([['__proto__', 'x']]);
    expect(({} as { x?: string }).x).toBeUndefined();
  });

  it('the checks of input throw INVALID_ARGUMENT and nothing else, for any input', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (junk) => {
        for (const input of [
          junk,
          { ...good, nodes: junk },
          { ...good, metadata: junk },
          { ...good, endpoints: [junk] },
        ]) {
          try {
            parseService(input);
          } catch (error) {
            expect(RegistryError.is(error, 'INVALID_ARGUMENT')).toBe(true);
          }
        }
      }),
    );
  });

  it.each([
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: '5s' }],
    ['closeTimeoutMs', { closeTimeoutMs: Number.NaN }],
    ['namespace', { namespace: '' }],
    ['namespace', { namespace: 'a/b' }],
  ])('a registry refuses bad values of the option %s', (field, options) => {
    expect(() => createRegistry(new ScriptedDriver(), options as object)).toThrow(new RegExp(`^${field} must be`));
  });
});

describe('equality', () => {
  it('equality of entries ignores the order of metadata and respects the order of endpoints and values', () => {
    const of = (over: object) => parseService({ ...good, ...over })[0];
    expect(sameEntry(of({ metadata: { a: '1', b: '2' } }), of({ metadata: { b: '2', a: '1' } }))).toBe(true);
    expect(sameEntry(of({ metadata: { a: '1' } }), of({ metadata: { b: '1' } }))).toBe(false);
    const [e, f] = [{ name: 'e' }, { name: 'f' }];
    expect(sameEntry(of({ endpoints: [e, f] }), of({ endpoints: [f, e] }))).toBe(false);
    const value = (...names: string[]) => ({
      endpoints: [{ name: 'e', request: { name: 'r', type: 't', values: names.map((name) => ({ name, type: 's' })) } }],
    });
    expect(sameEntry(of(value('x', 'y')), of(value('x', 'y')))).toBe(true);
    expect(sameEntry(of(value('x', 'y')), of(value('y', 'x')))).toBe(false);
  });
});

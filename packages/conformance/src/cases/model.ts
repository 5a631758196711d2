import assert from 'node:assert/strict';
import type { ServiceInput } from '@rollcall/core';
import type { Concern } from '../case.ts';
import type { CaseContext } from '../kit/context.ts';
import { assertServices } from '../kit/roll.ts';
import { endpoint, fullService, nested, node, service } from '../kit/samples.ts';

/** Content comes back: to a read of the same object, to another object's read, and to a watcher. */
async function comesBack(context: CaseContext, input: ServiceInput): Promise<void> {
  const [registry, other] = await context.openTwo();
  const seen = context.observe(other, { name: input.name });
  await registry.register(input);
  assertServices(await registry.getService(input.name), [input]);
  await context.shows(other, input.name, [input]);
  await seen.settlesTo([input]);
}

/** Where a backend has less room, a case uses smaller content. */
const roomy = (context: CaseContext): boolean => context.capabilities.maxNodeBytes >= 32_768;

/** Everything that is registered comes back unchanged. */
export const model: Concern = {
  concern: 'model',
  cases: {
    'every field of a service comes back': (context) => comesBack(context, fullService(context.name())),

    'a node with the required fields only comes back with all others empty': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register({ name, nodes: [{ id: 'n1', address: '192.0.2.1:80' }] });
      const [read] = await registry.getService(name);
      assert.deepEqual([read?.version, read?.metadata, read?.endpoints, read?.nodes[0]?.metadata], ['', {}, [], {}]);
    },

    'null in an optional field means absent': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const nothing = null as unknown as undefined;
      const nodes = [{ ...node('n1'), metadata: nothing }];
      await registry.register({ name, version: nothing, metadata: nothing, endpoints: nothing, nodes });
      assertServices(await registry.getService(name), [{ name, nodes: [node('n1')] }]);
    },

    'a bare endpoint comes back with empty metadata and values': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const bare = { name: 'E', request: { name: 'R', type: 'R' } };
      await registry.register({ ...service(name), endpoints: [bare, { name: 'F' }] });
      const [read] = await registry.getService(name);
      const [first, second] = read?.endpoints ?? [];
      assert.deepEqual([first?.metadata, first?.request?.values, first?.response], [{}, [], undefined]);
      assert.deepEqual([second?.metadata, second?.request, second?.response], [{}, undefined, undefined]);
    },

    'each node of a service keeps its own metadata': async (context) => {
      const nodes = ['a', 'b', 'c'].map((id) => node(id, `192.0.2.1:${id.charCodeAt(0)}`, { of: id }));
      await comesBack(context, { name: context.name(), version: '1', nodes });
    },

    'IPv4, IPv6 and DNS addresses come back as they were written': async (context) => {
      const longest = `${'a.'.repeat(120)}example.test`;
      const addresses = ['127.0.0.1:1', '[2001:db8::1]:65535', '[::1]:80', 'host:80', 'My-Host.example:8080'];
      const nodes = [...addresses, `${longest}:443`].map((address, index) => node(`n${index}`, address));
      await comesBack(context, { name: context.name(), nodes });
    },

    'metadata values of any well-formed Unicode come back as they were written': async (context) => {
      const values = [
        '',
        ' ',
        ' a ',
        '"\'\\',
        '<b>&amp;',
        'ümläut',
        '日本',
        '😀',
        'a\nb\r\n\tc',
        '\u0000',
        '\u202e',
        '=',
        '{"a":1}',
      ];
      const metadata = Object.fromEntries(values.map((value, index) => [`k${index}`, value]));
      await comesBack(context, { name: context.name(), metadata, nodes: [node('n1', undefined, metadata)] });
    },

    'metadata keys keep their case and all allowed characters': async (context) => {
      const metadata = { a: '1', A: '2', 'x.y/z_-0': '3', '-': '4', '.': '5', '/': '6', '0': '7' };
      await comesBack(context, { name: context.name(), metadata, nodes: [node('n1', undefined, metadata)] });
    },

    '__proto__ is a metadata key like any other': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const metadata = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h"}');
      const input = { name, metadata, endpoints: [{ name: 'E', metadata }], nodes: [node('n1', undefined, metadata)] };
      // Written directly, since `__proto__` must be an own key of the record.
      await registry.register({ ...input, nodes: [{ id: 'n1', address: '192.0.2.1:8080', metadata }] });
      const [read] = await registry.getService(name);
      for (const pairs of [read?.metadata, read?.nodes[0]?.metadata, read?.endpoints[0]?.metadata]) {
        assert.deepEqual(Object.keys(pairs ?? {}).sort(), Object.keys(metadata).sort());
        assert.equal(Object.getOwnPropertyDescriptor(pairs, '__proto__')?.value, 'p');
      }
      assert.equal(({} as { p?: unknown }).p, undefined, 'the prototype of all objects was changed');
    },

    'metadata of 64 pairs, with a key of 128 and a value of 1024 bytes, comes back': async (context) => {
      const count = roomy(context) ? 64 : 16;
      const many = Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, `${index}`]));
      await comesBack(context, { name: context.name('many'), metadata: many, nodes: [node('n1')] });
      const size = roomy(context) ? 1_024 : 128;
      const large = { ['k'.repeat(128)]: 'é'.repeat(size / 2) };
      await comesBack(context, { name: context.name('large'), metadata: large, nodes: [node('n1')] });
    },

    'the order of endpoints and of values is kept': async (context) => {
      const values = ['c', 'a', 'b'].map((name) => ({ name, type: 'string' }));
      const request = { name: 'R', type: 'R', values };
      const endpoints = ['Z', 'A', 'M'].map((name) => ({ name, request }));
      await comesBack(context, { ...service(context.name()), endpoints });
    },

    'values nested 8 deep come back': async (context) => {
      const endpoints = [{ name: 'E', request: nested(8), response: nested(8) }];
      await comesBack(context, { ...service(context.name()), endpoints });
    },

    '256 endpoints of a service come back': async (context) => {
      const count = roomy(context) ? 256 : 8;
      const endpoints = Array.from({ length: count }, (_, index) => ({ name: `e${index}` }));
      await comesBack(context, { ...service(context.name()), endpoints });
    },

    'two endpoints with the same name both come back': async (context) => {
      await comesBack(context, { ...service(context.name()), endpoints: [endpoint('E'), { name: 'E' }] });
    },

    'the longest allowed name, id and version come back': async (context) => {
      const name = context.name('').padEnd(63, 'x');
      const version = '1.0 +~!"#$%&\'()*,/:;<=>?@[]^`{|}\\'.padEnd(64, 'v');
      await comesBack(context, { name, version, nodes: [node(`N${'.:_-9aZ'.repeat(37)}`.slice(0, 255))] });
    },

    'a name of all allowed characters comes back': async (context) => {
      await comesBack(context, service(context.name('a.b_c-d.0'), ['0', 'A.b:c_d-e']));
    },

    'ids that differ by case are two nodes': async (context) => {
      const nodes = [node('Node', '192.0.2.1:1'), node('node', '192.0.2.1:2'), node('NODE', '192.0.2.1:3')];
      await comesBack(context, { name: context.name(), nodes });
    },

    'ids with characters that separate keys of backends come back': async (context) => {
      const name = context.name('x');
      const registry = await context.open();
      await registry.register({ name, nodes: [node('y:z', '192.0.2.1:1'), node('y', '192.0.2.1:2')] });
      await registry.register({ name: `${name}.y`, nodes: [node('z', '192.0.2.1:3')] });
      assertServices(await registry.getService(name), [
        { name, nodes: [node('y:z', '192.0.2.1:1'), node('y', '192.0.2.1:2')] },
      ]);
      assertServices(await registry.getService(`${name}.y`), [
        { name: `${name}.y`, nodes: [node('z', '192.0.2.1:3')] },
      ]);
    },
  },
};

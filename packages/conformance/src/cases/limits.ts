import assert from 'node:assert/strict';
import type { CallOptions, Registry, ServiceInput } from '@rollcall/core';
import type { CaseBody, Concern } from '../case.ts';
import { rejects, throwsNow } from '../kit/expect.ts';
import { assertServices } from '../kit/roll.ts';
import { nested, node, oversized, service } from '../kit/samples.ts';

const lone = '\ud800';
const pairsOf = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
const badMetadata: readonly unknown[] = [
  pairsOf(65),
  { '': 'v' },
  { 'a b': 'v' },
  { ä: 'v' },
  { ['k'.repeat(129)]: 'v' },
  { k: 'v'.repeat(1_025) },
  { k: 'é'.repeat(513) },
  { k: lone },
  { k: 1 },
  { k: null },
  'text',
  ['a'],
];

/** Inputs that `register` refuses, with a message that names the field. */
function refuses(field: string, inputs: (name: string) => readonly unknown[]): CaseBody {
  return async (context) => {
    const registry = await context.open();
    const name = context.name();
    for (const input of inputs(name)) {
      const what = JSON.stringify(input)?.slice(0, 120) ?? 'undefined';
      const invalid = { code: 'INVALID_ARGUMENT', mentions: [field], withinMs: context.soonMs } as const;
      await rejects(what, invalid, () => registry.register(input as ServiceInput));
    }
    assert.deepEqual(await registry.getService(name), [], 'something was written');
  };
}

/** Options that every call refuses. */
function refusesOption(field: string, options: readonly unknown[]): CaseBody {
  return async (context) => {
    const registry = await context.open();
    const input = service(context.name());
    const invalid = { code: 'INVALID_ARGUMENT', mentions: [field], withinMs: context.soonMs } as const;
    for (const option of options as readonly CallOptions[]) {
      const calls: readonly ((registry: Registry) => Promise<unknown>)[] = [
        () => registry.init(option),
        () => registry.register(input, option),
        () => registry.deregister(input, option),
        () => registry.getService(input.name, option),
        () => registry.listServices(option),
      ];
      for (const call of calls) await rejects(`${field} ${String(option)}`, invalid, () => call(registry));
    }
    assert.deepEqual(await registry.getService(input.name), [], 'something was written');
  };
}

const withNode =
  (values: readonly unknown[], key: 'id' | 'address' | 'metadata') =>
  (name: string): readonly unknown[] =>
    values.map((value) => ({ name, nodes: [{ ...node('n1'), [key]: value }] }));

/** Inputs that no backend accepts, and nodes that are too large for this one. */
export const limits: Concern = {
  concern: 'limits',
  cases: {
    name: refuses('name', () =>
      ['', 'A', 'a'.repeat(64), '-a', '.a', '_a', 'a b', 'a/b', 'ä', 'a\n', 'a:b', 1, null, undefined].map((name) => ({
        name,
        nodes: [node('n1')],
      })),
    ),

    version: refuses('version', (name) =>
      ['v'.repeat(65), 'ä', 'a\tb', '\u0000', 1, {}].map((version) => ({ ...service(name), version })),
    ),

    'node id': refuses('id', withNode(['', '-a', '.a', ':a', 'a b', 'a/b', 'ä', 'a'.repeat(256), 1, null], 'id')),

    'node address': refuses(
      'address',
      withNode(
        [
          ...['', 'host', ':80', 'host:', 'host:0', 'host:65536', 'host:http', 'host:-1', 'host:8 0', 'a b:80'],
          ...['http://host:80', 'host:80/path', '::1:80', '[::1]', '[host]:80', '256.1.1.1:80', 'user@host:80'],
          ...[`${'a'.repeat(254)}:80`, 80, null, undefined],
        ],
        'address',
      ),
    ),

    'node metadata': refuses('metadata', withNode(badMetadata, 'metadata')),

    'service metadata': refuses('metadata', (name) => badMetadata.map((metadata) => ({ ...service(name), metadata }))),

    'endpoint metadata': refuses('metadata', (name) =>
      badMetadata.map((metadata) => ({ ...service(name), endpoints: [{ name: 'E', metadata }] })),
    ),

    endpoints: refuses('endpoints', (name) =>
      [
        Array.from({ length: 257 }, (_, index) => ({ name: `e${index}` })),
        [{ name: 'E', request: nested(9) }],
        [{ name: 'E', response: nested(9) }],
        [{ name: 1 }],
        [{ name: lone }],
        [{ name: 'E', request: { name: 'R' } }],
        [null],
        {},
        'E',
      ].map((endpoints) => ({ ...service(name), endpoints })),
    ),

    nodes: refuses('nodes', (name) => [
      { name, nodes: [] },
      { name, nodes: [node('same'), node('other'), node('same')] },
      { name, nodes: null },
      { name },
      { name, nodes: 'n1' },
      { name, nodes: [null] },
    ]),

    'no service at all': refuses('service', () => [undefined, null, 'text', 1, []]),

    ttlMs: async (context) => {
      const registry = await context.open();
      const input = service(context.name());
      for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e308, '1000', null] as number[]) {
        const invalid = { code: 'INVALID_ARGUMENT', mentions: ['ttlMs'], withinMs: context.soonMs } as const;
        await rejects(`ttlMs ${ttlMs}`, invalid, () => registry.register(input, { ttlMs }));
      }
      assert.deepEqual(await registry.getService(input.name), [], 'something was written');
    },

    renewIntervalMs: async (context) => {
      const registry = await context.open();
      const input = service(context.name());
      for (const renewIntervalMs of [0, -1, Number.NaN, '1000'] as number[]) {
        const invalid = { code: 'INVALID_ARGUMENT', mentions: ['renewIntervalMs'], withinMs: context.soonMs } as const;
        const options = { ttlMs: context.ttlMs(60_000), renewIntervalMs };
        await rejects(`renewIntervalMs ${renewIntervalMs}`, invalid, () => registry.register(input, options));
      }
    },

    timeoutMs: refusesOption(
      'timeoutMs',
      [0, -1, Number.NaN, '1000'].map((timeoutMs) => ({ timeoutMs })),
    ),

    signal: refusesOption(
      'signal',
      [{}, 'abort', true].map((signal) => ({ signal })),
    ),

    'a register with one bad node among many writes none of them': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const nodes = [node('a'), node('b', 'nowhere'), node('c')];
      const invalid = { code: 'INVALID_ARGUMENT', mentions: ['nodes[1].address'], withinMs: context.soonMs } as const;
      await rejects('a bad second node', invalid, () => registry.register({ name, nodes }));
      assert.deepEqual(await registry.getService(name), []);
    },

    'getService, watch and deregister take any name of 1-255 printable characters': async (context) => {
      const registry = await context.open();
      const invalid = { code: 'INVALID_ARGUMENT', mentions: ['name'], withinMs: context.soonMs } as const;
      for (const name of ['', 'a'.repeat(256), 'a\u0000', 'a\nb', lone, 1, null] as string[]) {
        await rejects(`getService(${name})`, invalid, () => registry.getService(name));
        await rejects(`deregister(${name})`, invalid, () => registry.deregister({ name, nodes: [{ id: 'a' }] }));
        if (name !== null) throwsNow(`watch(${name})`, 'INVALID_ARGUMENT', () => registry.watch({ name }));
      }
    },

    'deregister without nodes, or with one id twice, is INVALID_ARGUMENT': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const invalid = { code: 'INVALID_ARGUMENT', mentions: ['nodes'], withinMs: context.soonMs } as const;
      for (const ids of [[], [''], ['a', 'a'], ['a'.repeat(256)]]) {
        await rejects(`nodes ${ids}`, invalid, () => registry.deregister({ name, nodes: ids.map((id) => ({ id })) }));
      }
    },

    'a node above maxNodeBytes is RESOURCE_EXHAUSTED with size, limit and backend': async (context) => {
      const registry = await context.open();
      const { maxNodeBytes } = context.capabilities;
      const name = context.name();
      const mentions = ['n1', `${maxNodeBytes}`, registry.name];
      const exhausted = { code: 'RESOURCE_EXHAUSTED', mentions, withinMs: context.settleMs } as const;
      await rejects('a large node', exhausted, () => registry.register(oversized(name, maxNodeBytes)));
      assert.deepEqual(await registry.getService(name), []);
      await registry.register(service(name));
      await rejects('a large change', exhausted, () => registry.register(oversized(name, maxNodeBytes)));
      assertServices(await registry.getService(name), [service(name)]);
    },
  },
  faultCases: {
    'bad arguments are refused before any I/O': async (context, faults) => {
      const registry = await context.open();
      await registry.init();
      await faults.stop();
      const invalid = { code: 'INVALID_ARGUMENT', withinMs: context.soonMs } as const;
      await rejects('register', invalid, () => registry.register({ name: 'A', nodes: [] }));
      await rejects('deregister', invalid, () => registry.deregister({ name: '', nodes: [] }));
      await rejects('getService', invalid, () => registry.getService(''));
      throwsNow('watch', 'INVALID_ARGUMENT', () => registry.watch({ name: '' }));
    },
  },
};

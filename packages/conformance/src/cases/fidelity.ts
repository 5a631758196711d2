import type { ServiceInput } from '@rollcall/core';
import type { Concern } from '../case.ts';
import type { CaseContext } from '../kit/context.ts';
import { assertServices } from '../kit/roll.ts';
import { endpoint, node, service } from '../kit/samples.ts';

/**
 * Writes the contents over one another; each must come back: to a read of the same object, to another object's read,
 * and to a watcher.
 */
async function eachComesBack(context: CaseContext, inputs: readonly ServiceInput[]): Promise<void> {
  const [registry, other] = await context.openTwo();
  const name = inputs[0]?.name ?? '';
  const seen = context.observe(other, { name });
  for (const input of inputs) {
    await registry.register(input);
    assertServices(await registry.getService(name), [input]);
    await seen.settlesTo([input]);
    await context.shows(other, name, [input]);
  }
}

/** Pairs of texts that look the same, or nearly, but differ. */
const lookalikes: readonly (readonly [string, string])[] = [
  ['\u00e9', 'e\u0301'],
  ['\u212b', '\u00c5'],
  ['\ufb01', 'fi'],
  ['\u1100\u1161', '\uac00'],
  ['\u00a0', ' '],
  ['a\u200b', 'a'],
  ['\u0130', 'i\u0307'],
  ['\ufeffa', 'a'],
];

/** Text with characters that parsers of tags, records and URLs treat as separators. */
const delicate = [
  'a=b=c',
  'a,b',
  'a;b',
  'k:v',
  '%41',
  'a+b',
  '\\u0041',
  'true',
  '1e3',
  '0x10',
  'null',
  '[]',
  '  a',
  'a  ',
];

const metadataOf = (values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, index) => [`k${index}`, value]));

/** Content comes back to the last byte, and every difference counts. */
export const fidelity: Concern = {
  concern: 'fidelity',
  cases: {
    'Unicode comes back as it was written, not normalised': async (context) => {
      const name = context.name();
      const of = (values: readonly string[]): ServiceInput => ({
        name,
        metadata: metadataOf(values),
        endpoints: [{ name: 'E', metadata: metadataOf(values.slice(0, 2)) }],
        nodes: [node('n1', undefined, metadataOf(values))],
      });
      await eachComesBack(context, [of(lookalikes.map(([one]) => one)), of(lookalikes.map(([, two]) => two))]);
    },

    'text with separators, escapes and quotes comes back whole': async (context) => {
      const metadata = metadataOf(delicate);
      await eachComesBack(context, [{ name: context.name(), metadata, nodes: [node('n1', undefined, metadata)] }]);
    },

    'a change of upper to lower case alone is an update': async (context) => {
      const base = service(context.name(), ['n1'], 'rc');
      await eachComesBack(context, [
        base,
        { ...base, version: 'RC' },
        { ...base, nodes: [node('n1', 'host:80')] },
        { ...base, nodes: [node('n1', 'Host:80')] },
        { ...base, metadata: { key: 'value' } },
        { ...base, metadata: { key: 'Value' } },
        { ...base, metadata: { Key: 'Value' } },
        { ...base, nodes: [node('n1', undefined, { key: 'v' })] },
        { ...base, nodes: [node('n1', undefined, { key: 'V' })] },
        { ...base, endpoints: [endpoint('greet')] },
        { ...base, endpoints: [endpoint('Greet')] },
      ]);
    },

    'a change of the last character alone is an update': async (context) => {
      const base = service(context.name());
      const long = 'x'.repeat(127);
      await eachComesBack(context, [
        { ...base, nodes: [node('n1', undefined, { key: `${long}a` })] },
        { ...base, nodes: [node('n1', undefined, { key: `${long}b` })] },
        { ...base, nodes: [node('n1', undefined, { key: `${long}b ` })] },
        { ...base, nodes: [node('n1', undefined, { key: long })] },
        { ...base, nodes: [node('n1', undefined, { key: '' })] },
        { ...base, nodes: [node('n1')] },
      ]);
    },

    'the 64th pair and the last byte of metadata come back, for nodes and endpoints as well': async (context) => {
      const roomy = context.capabilities.maxNodeBytes >= 32_768;
      const many = metadataOf(Array.from({ length: roomy ? 64 : 12 }, (_, index) => `v${index}`));
      const large = { [`k${'k'.repeat(126)}z`]: `${'é'.repeat(roomy ? 511 : 40)}az` };
      const name = context.name();
      await eachComesBack(context, [
        { name, nodes: [node('n1', undefined, many)] },
        { name, nodes: [node('n1', undefined, large)] },
        { name, endpoints: [{ name: 'E', metadata: many }], nodes: [node('n1')] },
        { name, endpoints: [{ name: 'E', metadata: large }], nodes: [node('n1')] },
        { name, metadata: large, nodes: [node('n1')] },
      ]);
    },

    'a node has only its own metadata and endpoints, never those of a sibling': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const rich = { ...service(name, ['rich'], '1'), metadata: { of: 'rich' }, endpoints: [endpoint('E')] };
      const richNode = { ...rich, nodes: [node('rich', '192.0.2.7:7', { zone: 'z' })] };
      const bare = [service(name, ['a-bare'], '1'), service(name, ['z-bare'], '1'), service(name, ['other'], '2')];
      const seen = context.observe(other, { name });
      for (const one of [bare[0], richNode, bare[1], bare[2]]) if (one !== undefined) await registry.register(one);
      await seen.settlesTo([...bare, richNode]);
      // A group shows the metadata of its smallest id, which is the bare node here.
      await context.shows(other, name, [...bare, richNode]);
      await registry.register({ ...service(name, ['z-bare'], '1') });
      await seen.settlesTo([...bare, richNode]);
      const together = { ...richNode, nodes: [...richNode.nodes, node('bare')] };
      const apart = context.name('apart');
      await registry.register({ ...together, name: apart });
      await context.shows(other, apart, [{ ...together, name: apart }]);
    },
  },
};

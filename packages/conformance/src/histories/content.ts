import type { Endpoint, Service, ServiceInput } from '@rollcall/core';
import { rowsOf } from '../kit/roll.ts';
import type { Content } from './node-model.ts';

/** Metadata in which some pairs exist for one mark only, one value is empty, and one key differs by case. */
const pairsOf = (mark: string): Record<string, string> => ({
  mark,
  Mark: mark.toUpperCase(),
  empty: '',
  [`only-${mark}`]: 'a=b,c',
});

const endpointsOf = (mark: string): readonly Endpoint[] =>
  [`Z.${mark}`, 'A'].map((name) => ({ name, request: { name: 'R', type: mark }, metadata: { mark } }));

/** A service whose nodes use every field, all derived from version and mark. */
export function serviceOf(name: string, ids: readonly string[], { version, mark }: Content): ServiceInput {
  const nodes = ids.map((id) => ({ id, address: `192.0.2.1:${mark.charCodeAt(0)}`, metadata: pairsOf(mark) }));
  return { name, version, metadata: pairsOf(mark), endpoints: endpointsOf(mark), nodes };
}

/** The content of a service with one node as one text. Content that `serviceOf` did not write gives another text. */
export function contentOf(service: Service): Content {
  const [node] = service.nodes;
  const content = { version: service.version, mark: node?.metadata.mark ?? '' };
  const found = JSON.stringify(rowsOf([service]));
  const wanted = JSON.stringify(rowsOf([serviceOf(service.name, [node?.id ?? ''], content)]));
  return found === wanted
    ? content
    : { ...content, mark: `${content.mark} and what was not written with it: ${found}` };
}

/** What an answer shows for one node of a group: its metadata and endpoints are those of the smallest id. */
export function contentInGroup(service: Service, index: number): Content {
  const node = service.nodes[index];
  const mark = node?.metadata.mark ?? '';
  const whole = serviceOf(service.name, [node?.id ?? ''], { version: service.version, mark });
  const { metadata = {}, endpoints = [] } = index === 0 ? service : whole;
  return contentOf({ ...service, metadata, endpoints: endpoints as readonly Endpoint[], nodes: node ? [node] : [] });
}

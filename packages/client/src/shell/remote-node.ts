import type { Service, ServiceNode } from '@rollcall/core';
import { limits } from '@rollcall/core/adapter';
import type { RemoteNode } from '../picking.ts';

/** Weight of a node whose metadata has no number >= 0 as weight. */
const defaultWeight = 1;

function weightOf(text: string | undefined): number {
  const weight = text === undefined || text.trim() === '' ? defaultWeight : Number(text);
  return Number.isFinite(weight) && weight >= 0 ? weight : defaultWeight;
}

/** A node of the roll in the form for callers. */
export function toRemoteNode({ name, version }: Pick<Service, 'name' | 'version'>, node: ServiceNode): RemoteNode {
  const { zone = '', weight } = node.metadata;
  const place = limits.splitAddress(node.address);
  return Object.freeze({ ...node, ...place, service: name, version, zone, weight: weightOf(weight) });
}

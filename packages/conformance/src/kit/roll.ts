/** States in a form that can be compared. The order of metadata and the mark `late` do not count, everything else does. */
import assert from 'node:assert/strict';
import type { Endpoint, Metadata, Service, ServiceInput, Value } from '@rollcall/core';
import { compare } from '@rollcall/core/adapter';

type Pairs = readonly (readonly [string, string])[];

/** One node with all its content. */
export interface Row {
  readonly name: string;
  readonly id: string;
  readonly version: string;
  readonly address: string;
  readonly nodeMetadata: Pairs;
  readonly metadata: Pairs;
  readonly endpoints: readonly unknown[];
}

// Metadata as sorted pairs: an object would lose `__proto__`, and the order does not matter.
const pairs = (metadata: Metadata | null | undefined): Pairs =>
  Object.entries(metadata ?? {}).sort(([a], [b]) => compare(a, b));

const plainValue = (value: Value | null | undefined): unknown =>
  value == null ? null : { name: value.name, type: value.type, values: (value.values ?? []).map(plainValue) };

const plainEndpoint = (endpoint: Endpoint): unknown => ({
  name: endpoint.name,
  request: plainValue(endpoint.request),
  response: plainValue(endpoint.response),
  metadata: pairs(endpoint.metadata),
});

/**
 * One row per node, sorted. Accepts services that were written, and events; grouped reads only where the nodes of a
 * group agree.
 */
export function rowsOf(services: readonly (ServiceInput | Service)[]): readonly Row[] {
  const rows = services.flatMap((service) =>
    service.nodes.map((node) => ({
      name: service.name,
      id: node.id,
      version: service.version ?? '',
      address: node.address,
      nodeMetadata: pairs(node.metadata),
      metadata: pairs(service.metadata),
      endpoints: (service.endpoints ?? []).map(plainEndpoint),
    })),
  );
  return rows.sort((a, b) => compare(a.name, b.name) || compare(a.id, b.id));
}

/** The answer that `getService` must give when these were registered, each node once, in order: the contract's grouping. */
export function groupedView(written: readonly ServiceInput[]): readonly unknown[] {
  const versions = new Map<string, Row[]>();
  for (const row of rowsOf(written)) versions.set(row.version, [...(versions.get(row.version) ?? []), row]);
  return [...versions]
    .sort(([a], [b]) => compare(a, b))
    .map(([version, rows]) => ({
      name: rows[0]?.name,
      version,
      metadata: rows[0]?.metadata,
      endpoints: rows[0]?.endpoints,
      nodes: rows.map(({ id, address, nodeMetadata }) => ({ id, address, metadata: nodeMetadata })),
    }));
}

/** The answer of `getService` in the form of {@link rowsOf}, in the order in which it came. */
export function readView(services: readonly Service[]): readonly unknown[] {
  return services.map(({ name, version, metadata, endpoints, nodes }) => ({
    name,
    version,
    metadata: pairs(metadata),
    endpoints: endpoints.map(plainEndpoint),
    nodes: nodes.map((node) => ({ id: node.id, address: node.address, metadata: pairs(node.metadata) })),
  }));
}

/** Checks that the answer of `getService` is what these services make. */
export function assertServices(answer: readonly Service[], written: readonly ServiceInput[]): void {
  assert.deepEqual(readView(answer), groupedView(written));
}

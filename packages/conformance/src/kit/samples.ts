import type { Endpoint, NodeInput, ServiceInput, Value } from '@rollcall/core';

/** One node. */
export const node = (id: string, address = '192.0.2.1:8080', metadata?: Record<string, string>): NodeInput => ({
  id,
  address,
  ...(metadata ? { metadata } : {}),
});

/** A service with these nodes, and no optional fields. */
export const service = (name: string, ids: readonly string[] = ['n1'], version = '1.0.0'): ServiceInput => ({
  name,
  version,
  nodes: ids.map((id) => node(id)),
});

/** The same service with other content, so that registering it is a change. */
export const changed = (base: ServiceInput, mark = 'changed'): ServiceInput => ({
  ...base,
  nodes: base.nodes.map((item) => ({ ...item, metadata: { ...item.metadata, mark } })),
});

/** An endpoint with request and response. */
export const endpoint = (name: string): Endpoint => ({
  name,
  request: { name: 'Request', type: 'Request', values: [{ name: 'name', type: 'string' }] },
  response: { name: 'Response', type: 'Response', values: [{ name: 'text', type: 'string' }] },
  metadata: { stream: 'false' },
});

/** A service with every field, small enough for the smallest backend. */
export const fullService = (name: string, id = 'n1'): ServiceInput => ({
  name,
  version: '2.1.0-rc.1',
  metadata: { owner: 'team a' },
  endpoints: [endpoint('Greeter.Hello')],
  nodes: [node(id, '192.0.2.7:9000', { zone: 'z1', protocol: 'grpc' })],
});

/** A value nested this deep. */
export const nested = (depth: number): Value => ({
  name: `v${depth}`,
  type: 'object',
  values: depth > 1 ? [nested(depth - 1)] : [],
});

/** Text that compression makes hardly smaller. */
export function noise(length: number): string {
  // A small generator, which makes the same text in every run, so that a failure can be repeated.
  let state = 123_456_789;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, length);
}

/** A service whose only node is larger than `bytes` and breaks no other limit. */
export function oversized(name: string, bytes: number): ServiceInput {
  const metadata = (): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`k${index}`, noise(1_024)]));
  const count = Math.ceil(bytes / (64 * 1_024));
  const endpoints = Array.from({ length: count }, (_, index) => ({ name: `e${index}`, metadata: metadata() }));
  return { name, version: '1', metadata: metadata(), endpoints, nodes: [node('n1')] };
}

/** Which URLs name a service, and what becomes of such a URL when a node is chosen. */
import type { RemoteNode } from '../picking.ts';

/** The suffix for names that a URL would take for an address: with dots, or of digits only. */
const suffix = '.rollcall';

/** The service that a URL names; undefined: not a service name. A port makes it an address. */
export function serviceOf(url: URL, names: ReadonlyMap<string, unknown>): string | undefined {
  const { hostname, port, protocol } = url;
  if (port !== '' || hostname === '' || (protocol !== 'http:' && protocol !== 'https:')) return undefined;
  if (names.has(hostname)) return hostname;
  if (hostname.endsWith(suffix) && hostname.length > suffix.length) return hostname.slice(0, -suffix.length);
  const isPlain = !hostname.includes('.') && !hostname.startsWith('[') && hostname !== 'localhost';
  return isPlain ? hostname : undefined;
}

/** Turns the URL of a request into the same URL at a node. */
export function urlAt({ protocol, username, password, pathname, search, hash }: URL, node: RemoteNode): string {
  // User and password stay in the URL, so that fetch refuses them as usual.
  const user = username === '' && password === '' ? '' : `${username}:${password}@`;
  return `${protocol}//${user}${node.address}${pathname}${search}${hash}`;
}

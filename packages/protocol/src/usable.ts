import { limits } from '@rollcall/core/adapter';

/**
 * Other clients write URLs such as `grpc://10.0.0.1:80`. This takes the part that is an address; undefined where there
 * is none.
 */
export function usableAddress(addrs: unknown): string | undefined {
  if (!Array.isArray(addrs)) return undefined;
  const texts = addrs.filter((addr): addr is string => typeof addr === 'string');
  return texts.map((text) => text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/\/.*$/, '')).find(limits.isAddress);
}

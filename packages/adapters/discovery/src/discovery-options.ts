import { type Capabilities, RegistryError, type RegistryOptions } from '@rollcall/core';

/** Options of {@link discovery}. */
export interface DiscoveryOptions extends RegistryOptions {
  /**
   * `host:port` or URL of each server; default `127.0.0.1:7171`. With several, writes go to every one, reads and watches to the
   * first that answers: each server is complete by itself.
   */
  readonly addresses?: readonly string[] | undefined;
  /** The environment on the server; default `default`. */
  readonly namespace?: string | undefined;
  /** Bearer token. */
  readonly token?: string | undefined;
}

/** Where a server listens when nobody says otherwise. */
export const defaultAddress = '127.0.0.1:7171';
/** The environment of a registry without a namespace. */
export const defaultEnv = 'default';
/** Renewals that fall within this are one request. Milliseconds: far below any interval, far above a timer's grain. */
export const renewalWindowMs = 4;
/** Most leases in one renewal request. */
export const maxRenewalBatch = 1_000;
/** With several servers: how long one that does not answer holds up the next. Milliseconds. */
export const failoverAfterMs = 1_000;
/** Deadline of a renewal batch and of what is told in the background. Milliseconds. */
export const backgroundTimeoutMs = 3_000;
/** A watch that hears nothing for this long is lost. Milliseconds; the server says something every 2 s. */
export const silenceMs = 5_000;
/** Deadline of an operator's call that names none. Milliseconds. */
export const adminTimeoutMs = 5_000;
/** Largest answer that is read. Bytes. */
export const maxAnswerBytes = 268_435_456;
/** Connections to one server. */
export const maxSockets = 16;

/** What a discovery server can do. */
export const discoveryCapabilities: Capabilities = Object.freeze({
  minTtlMs: 1_000,
  ttlResolutionMs: 100,
  expirySlackMs: 250,
  propagationMs: 250,
  maxNodeBytes: 32_768,
  removesOthers: 'any',
  takesOver: true,
  durable: false,
  namespaces: true,
  crossProcess: true,
  crossHost: true,
});

function invalidAddress(address: string): RegistryError {
  const message = `addresses: ${JSON.stringify(address)} must be host:port or http(s)://host:port`;
  return new RegistryError('INVALID_ARGUMENT', message, { registry: 'discovery' });
}

function parseAddress(address: unknown): URL {
  if (typeof address !== 'string') throw invalidAddress(String(address));
  const text = /^https?:\/\//.test(address) ? address : `http://${address}`;
  if (!URL.canParse(text)) throw invalidAddress(address);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw invalidAddress(`${url.protocol}//...@${url.host}`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw invalidAddress(address);
  return url;
}

/** The servers, each once; throws `INVALID_ARGUMENT`. */
export function parseAddresses(addresses: readonly string[] | undefined): readonly URL[] {
  if (addresses !== undefined && !Array.isArray(addresses)) throw invalidAddress(String(addresses));
  const urls = (addresses === undefined || addresses.length === 0 ? [defaultAddress] : addresses).map(parseAddress);
  return [...new Map(urls.map((url) => [url.href, url])).values()];
}

/** A token that can travel in a header; throws `INVALID_ARGUMENT`. */
export function parseToken(token: unknown): string | undefined {
  if (token === undefined) return undefined;
  if (typeof token === 'string' && /^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  const message = 'token must be 1-4096 printable ASCII characters without spaces';
  throw new RegistryError('INVALID_ARGUMENT', message, { registry: 'discovery' });
}

import { type Capabilities, RegistryError, type RegistryOptions } from '@rollcall/core';

/** Options of {@link consul}. What is not given is taken from Consul's own environment variables. */
export interface ConsulOptions extends RegistryOptions {
  /**
   * `host:port` or URL of Consul agents; default `CONSUL_HTTP_ADDR`, else `127.0.0.1:8500`. Calls go to the first that
   * answers. A node is registered with the agent that its call reached, and leaves another with its TTL.
   */
  readonly addresses?: readonly string[] | undefined;
  /**
   * ACL token; default `CONSUL_HTTP_TOKEN`. A function is asked before every request, so that a token may change; what
   * was registered under the old one is then written again at its next renewal.
   */
  readonly token?: string | (() => string) | undefined;
  /** Reads and watches go to this datacenter; nodes can only be registered in the agent's own. */
  readonly datacenter?: string | undefined;
  /** For `https` addresses. */
  readonly tls?: ConsulTls | undefined;
  /** Tags of your own, for other tools that read this Consul. They come after ours. */
  readonly tags?: readonly string[] | undefined;
  /** Only on a Consul Enterprise server; else `NOT_SUPPORTED`. */
  readonly namespace?: string | undefined;
}

/** PEM texts; default the files that `CONSUL_CACERT`, `CONSUL_CLIENT_CERT` and `CONSUL_CLIENT_KEY` name. */
export interface ConsulTls {
  /** Whom to trust; without it, whom Node trusts. */
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

/** Where an agent listens when nobody says otherwise. */
export const defaultAddress = '127.0.0.1:8500';
/** Most requests of one registry object in flight, blocking queries of watches apart. */
export const maxInFlight = 16;
/** With several agents: how long one that does not answer holds up the next. Milliseconds. */
export const failoverAfterMs = 1_000;
/** How long an aborted write may still be answered, so that the next one cannot overtake it. Milliseconds. */
export const abortedWriteMs = 500;
/**
 * How long a blocking query waits for a change. Short: only when it is over does an agent answer whose servers lost their
 * state, and only then is a link known to be lost on which nothing comes. Milliseconds.
 */
export const blockingWaitMs = 10_000;
/** What Consul may add to the wait (a sixteenth, at random) and the way there and back take. Milliseconds. */
export const blockingGraceMs = 2_500;
/** A watch polls no more often than this, and five times its last read. Milliseconds. */
export const pollFloorMs = 250;
/** However long that read took. Milliseconds. */
export const maxPollFloorMs = 5_000;
/** Of a watch's time, the part that reads may take: one fifth at most. */
export const pollFloorReads = 5;
/** TTL of the check of a node without a lease: ten years, the longest duration the contract knows. Milliseconds. */
export const maxCheckTtlMs = 315_360_000_000;
/** Consul removes a critical instance after its TTL (at least a minute, the server's floor) and this. Milliseconds. */
export const reapAfterMs = 5_000;
/** The server's floor. Milliseconds. */
export const reapFloorMs = 60_000;
/** Largest payload of a tag that is read. Bytes. */
/** Largest answer that is read. Bytes. */
export const maxAnswerBytes = 268_435_456;

const capabilities: Capabilities = Object.freeze({
  minTtlMs: 1_000,
  ttlResolutionMs: 1,
  expirySlackMs: 2_000,
  propagationMs: 1_000,
  maxNodeBytes: 32_768,
  removesOthers: 'same-agent',
  takesOver: true,
  durable: true,
  namespaces: false,
  crossProcess: true,
  crossHost: true,
});

/** What a Consul can do, with the namespaces of Enterprise or without. */
export const consulCapabilities = (namespaces: boolean): Capabilities =>
  namespaces ? Object.freeze({ ...capabilities, namespaces }) : capabilities;

function invalid(message: string): RegistryError {
  return new RegistryError('INVALID_ARGUMENT', message, { registry: 'consul' });
}

function parseAddress(address: unknown): URL {
  const rule = 'must be host:port or http(s)://host:port';
  if (typeof address !== 'string') throw invalid(`addresses: ${String(address)} ${rule}`);
  const text = /^https?:\/\//.test(address) ? address : `http://${address}`;
  if (!URL.canParse(text)) throw invalid(`addresses: ${JSON.stringify(address)} ${rule}`);
  const url = new URL(text);
  // Not repeated: a password may be in it.
  if (url.username !== '' || url.password !== '') throw invalid(`addresses: ${rule}, without a user`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.hostname === '')
    throw invalid(`addresses: ${JSON.stringify(address)} ${rule}`);
  // A host without a port means Consul's, as for its own tools; a URL has the port of its scheme.
  if (url.port === '' && text !== address && !/:\d+$/.test(address)) url.port = '8500';
  return url;
}

/** The agents, each once; throws `INVALID_ARGUMENT`. */
function parseAddresses(addresses: unknown, env: NodeJS.ProcessEnv): readonly URL[] {
  if (addresses !== undefined && !Array.isArray(addresses))
    throw invalid(`addresses: ${String(addresses)} must be an array`);
  const given: readonly unknown[] = addresses ?? [];
  const wanted = given.length > 0 ? given : [env.CONSUL_HTTP_ADDR || defaultAddress];
  return [...new Map(wanted.map(parseAddress).map((url) => [url.origin, url])).values()];
}

function checkToken(token: unknown): string {
  if (typeof token === 'string' && /^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw invalid('token must be 1-4096 printable ASCII characters without spaces, or a function that answers such');
}

/** How to know the token of the moment; throws `INVALID_ARGUMENT`. */
function parseToken(token: unknown, env: NodeJS.ProcessEnv): () => string | undefined {
  if (typeof token === 'function') return () => checkToken(token());
  const fixed = token ?? (env.CONSUL_HTTP_TOKEN || undefined);
  const checked = fixed === undefined ? undefined : checkToken(fixed);
  return () => checked;
}

/** A datacenter or undefined; throws `INVALID_ARGUMENT`. */
function parseDatacenter(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value))) return value;
  throw invalid('datacenter must be 1-64 of [A-Za-z0-9_-]');
}

/** Tags of the user that no reader can take for ours or go-micro's; throws `INVALID_ARGUMENT`. */
function parseTags(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const fits = (tag: unknown): boolean =>
    typeof tag === 'string' && /^[\x20-\x7e]{1,255}$/.test(tag) && !/^(?:[tevr]-|[tev]=|[te]$)/.test(tag);
  if (!Array.isArray(value) || value.length > 64 || !value.every(fits))
    throw invalid(
      'tags must be at most 64 of 1-255 printable ASCII characters that do not begin with t-, e-, v- or r-',
    );
  return [...value];
}

/** Texts or buffers; throws `INVALID_ARGUMENT`. */
function parseTls(value: unknown): ConsulTls {
  if (value === undefined) return {};
  const fits = (item: unknown): boolean => item === undefined || typeof item === 'string' || Buffer.isBuffer(item);
  const { ca, cert, key } = (value ?? {}) as ConsulTls;
  if (typeof value !== 'object' || value === null || ![ca, cert, key].every(fits))
    throw invalid('tls: ca, cert and key must be PEM texts');
  return { ca, cert, key };
}

/** The options, checked, with what the environment adds to them. */
export interface ConsulSettings {
  readonly urls: readonly URL[];
  readonly token: () => string | undefined;
  readonly datacenter: string | undefined;
  readonly namespace: string | undefined;
  readonly tls: ConsulTls;
  readonly tags: readonly string[];
}

/** Options over environment over defaults; throws `INVALID_ARGUMENT`. */
export function parseSettings(options: ConsulOptions, env: NodeJS.ProcessEnv): ConsulSettings {
  return {
    urls: parseAddresses(options.addresses, env),
    token: parseToken(options.token, env),
    datacenter: parseDatacenter(options.datacenter),
    namespace: options.namespace,
    tls: parseTls(options.tls),
    tags: parseTags(options.tags),
  };
}

import { readFileSync } from 'node:fs';
import { type Capabilities, RegistryError, type RegistryOptions } from '@rollcall/core';

/** Options of {@link etcd}. */
export interface EtcdOptions extends RegistryOptions {
  /**
   * `host:port` or URL of each member of one cluster; default `ETCDCTL_ENDPOINTS`, else `127.0.0.1:2379`. A call that finds one
   * away goes to another.
   */
  readonly addresses?: readonly string[] | undefined;
  /** A roll of its own, below `/rollcall/<namespace>/`. Absent: `/micro/registry/`, where go-micro's services are. */
  readonly namespace?: string | undefined;
  /** `user:password`, as `--registry-token-file` brings it. The user's token is renewed as needed. */
  readonly token?: string | undefined;
  /**
   * PEM texts: the authority to believe, and for client certificates the own key and certificate. Needs `https` addresses.
   * Default: the files that `ETCDCTL_CACERT`, `ETCDCTL_KEY` and `ETCDCTL_CERT` name.
   */
  readonly tls?: EtcdTls | undefined;
}

/** PEM texts. */
export interface EtcdTls {
  readonly ca: string;
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
}

/** Where etcd listens when nobody says otherwise. */
export const defaultAddress = '127.0.0.1:2379';
/** Where go-micro keeps its services. */
export const goMicroPrefix = '/micro/registry/';
/** Keys of one page of a range. */
export const pageSize = 500;
/** Operations of one transaction; etcd's own limit is 128. */
export const maxOperations = 100;
/** Largest answer. Bytes: a page of nodes of the largest size. */
export const maxAnswerBytes = 16_777_216;
/** A link on which nothing comes is asked after this long, and is lost if the answer does not come. Milliseconds; etcd refuses less than 5,000. */
export const pingAfterMs = 10_000;
/** How long that answer may take. Milliseconds. */
export const pingTimeoutMs = 3_000;
/** How long to wait before the next try to connect. Milliseconds. */
export const reconnectMs = { first: 50, longest: 500 } as const;
/** A read may outlive the call that asked for it by this; it bounds the longest call. Milliseconds. */
export const readDeadlineMs = 60_000;
/** Likewise a write. Milliseconds. */
export const writeDeadlineMs = 10_000;
/** Asking why a key is gone must not hold up what comes after it. Milliseconds. */
export const reasonTimeoutMs = 1_000;

/** What etcd can do. Leases are whole seconds and at least two; expired ones are looked for twice a second. */
export const etcdCapabilities: Capabilities = Object.freeze({
  minTtlMs: 2_000,
  ttlResolutionMs: 1_000,
  expirySlackMs: 2_000,
  propagationMs: 250,
  maxNodeBytes: 32_768,
  removesOthers: 'any',
  takesOver: true,
  durable: true,
  namespaces: true,
  crossProcess: true,
  crossHost: true,
});

function invalid(message: string): RegistryError {
  return new RegistryError('INVALID_ARGUMENT', message, { registry: 'etcd' });
}

function parseAddress(address: unknown): string {
  const text = typeof address === 'string' && !/^https?:\/\//.test(address) ? `http://${address}` : String(address);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.pathname !== '/' || url.username !== '' || url.search !== '')
    throw invalid(`addresses: ${JSON.stringify(address)} must be host:port or http(s)://host:port`);
  return `${url.protocol}//${url.hostname}:${url.port === '' ? '2379' : url.port}`;
}

/** The members, each once; throws `INVALID_ARGUMENT`. */
export function parseAddresses(addresses: readonly string[] | undefined): readonly string[] {
  const given = addresses ?? process.env.ETCDCTL_ENDPOINTS?.split(',').map((address) => address.trim());
  if (given !== undefined && !Array.isArray(given)) throw invalid('addresses must be a list');
  return [...new Set((given === undefined || given.length === 0 ? [defaultAddress] : given).map(parseAddress))];
}

/** User and password of a token; throws `INVALID_ARGUMENT`. */
export function parseToken(
  token: string | undefined,
): { readonly username: string; readonly password: string } | undefined {
  if (token === undefined) return undefined;
  const at = typeof token === 'string' ? token.indexOf(':') : -1;
  if (at < 1) throw invalid('token must be user:password');
  return { username: token.slice(0, at), password: token.slice(at + 1) };
}

/** What etcdctl's own variables say about TLS; throws `INVALID_ARGUMENT` for a file that cannot be read. */
export function tlsOfEnvironment(): EtcdTls | undefined {
  const read = (name: 'ETCDCTL_CACERT' | 'ETCDCTL_KEY' | 'ETCDCTL_CERT'): string | undefined => {
    const path = process.env[name];
    if (path === undefined || path === '') return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw new RegistryError('INVALID_ARGUMENT', `${name}: ${path} cannot be read`, { registry: 'etcd', cause });
    }
  };
  const ca = read('ETCDCTL_CACERT');
  return ca === undefined ? undefined : { ca, key: read('ETCDCTL_KEY'), cert: read('ETCDCTL_CERT') };
}

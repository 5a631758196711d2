import { readFileSync } from 'node:fs';
import type { Capabilities } from '@rollcall/core';
import {
  type BackendEndpoint,
  type CommonRegistryOptions,
  invalidOption,
  parseEndpoints,
  unreadableFile,
} from '@rollcall/core/adapter';

/** Options of {@link etcd}. Missing options come from the variables of etcdctl. */
export interface EtcdOptions extends CommonRegistryOptions {
  /**
   * `host:port` or URL of each member of one cluster; default `ETCDCTL_ENDPOINTS`, else `127.0.0.1:2379`. A call that a
   * member does not answer within a second goes to the next.
   */
  readonly addresses?: readonly string[] | undefined;
  /** Keeps a roll of its own, below `/rollcall/<namespace>/`. Absent: `/micro/registry/`, where go-micro's services are. */
  readonly namespace?: string | undefined;
  /**
   * `user:password`, like the content of the file of `--registry-token-file`. The adapter gets new tokens for the user
   * as needed.
   */
  readonly token?: string | undefined;
  /**
   * PEM texts: the authority to trust, and for client certificates the own key and certificate. With these, or with the
   * variables, an address without a scheme is an `https` one. Default: the files that `ETCDCTL_CACERT`, `ETCDCTL_KEY`
   * and `ETCDCTL_CERT` name.
   */
  readonly tls?: EtcdTls | undefined;
}

/** PEM texts. */
export interface EtcdTls {
  /** The authority to trust. Absent: the authorities that Node trusts. */
  readonly ca?: string | undefined;
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
}

/** A user of etcd. */
export interface EtcdUser {
  readonly name: string;
  readonly password: string;
}

/** Where etcd listens by default. */
export const defaultAddress = '127.0.0.1:2379';
/** The variables of etcdctl that the adapter honours; its own options come first. */
export const environment = ['ETCDCTL_ENDPOINTS', 'ETCDCTL_CACERT', 'ETCDCTL_CERT', 'ETCDCTL_KEY'] as const;
/** Where go-micro keeps its services. */
export const goMicroPrefix = '/micro/registry/';
/**
 * Keys of one page of a range, if their values leave room for so many. Sensible values are 100 to 5,000; more makes
 * fewer round trips and larger answers in memory, fewer makes more round trips and smaller answers.
 */
export const pageSize = 500;
/** Operations of one transaction; etcd's own limit is 128. */
export const maxOperations = 100;
/** Largest answer, in bytes: a page of nodes of the largest size. */
export const maxAnswerBytes = 16_777_216;
/**
 * A silent link is pinged after this long, and is lost if no answer comes. Milliseconds; etcd refuses less than 5,000.
 * Longer notices a lost link later, shorter is refused.
 */
export const pingAfterMs = 10_000;
/** How long the answer to a ping may take. Milliseconds. Shorter loses slow links, longer notices a lost link later. */
export const pingTimeoutMs = 3_000;
/**
 * How long to wait before the next attempt to connect. Milliseconds: short, since another member may serve meanwhile.
 * Longer finds a member that is back later, shorter makes more attempts.
 */
export const reconnectMs = { first: 50, longest: 500 } as const;
/**
 * How long to wait before all members are asked again while they may be electing a leader. Milliseconds. Longer notices
 * the new leader later, shorter asks more often.
 */
export const electionPauseMs = 100;
/**
 * How long etcd may take to give a token, which costs it a tenth of a second of computing. Milliseconds. Shorter fails
 * when many clients ask at once, longer holds a call at a silent member.
 */
export const authenticateTimeoutMs = 5_000;
/**
 * How long opening a watch may take, right after the list before it was answered. Milliseconds. Shorter gives up slow
 * links, longer notices a silent member later.
 */
export const openTimeoutMs = 5_000;
/**
 * How long to ask why a key is gone, since later changes wait meanwhile. Milliseconds. Shorter reports more removals as
 * `unknown`, longer delays the changes behind it.
 */
export const reasonTimeoutMs = 1_000;

/** The capabilities of etcd. Leases are whole seconds, at least two, and etcd looks for expired ones twice a second. */
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

type Environment = NonNullable<EtcdOptions['env']>;

/** The checked options, completed by the environment. */
export interface EtcdSettings {
  readonly endpoints: readonly BackendEndpoint[];
  readonly prefix: string;
  readonly user: EtcdUser | undefined;
  /** Reads the files; throws `INVALID_ARGUMENT` for a file that cannot be read. */
  readonly tls: () => EtcdTls;
}

/** Options override the environment, which overrides the defaults. Throws `INVALID_ARGUMENT`. */
export function parseSettings(options: EtcdOptions): EtcdSettings {
  const { env = process.env, namespace } = options;
  const listed = (env.ETCDCTL_ENDPOINTS ?? '').split(',').filter((address) => address.trim() !== '');
  const given = parseTls(options.tls);
  const isSecured = given !== undefined || tlsVariables.some(([, name]) => isGiven(env[name]));
  return {
    endpoints: parseEndpoints(options.addresses, {
      registry: 'etcd',
      defaults: listed.length > 0 ? listed : [defaultAddress],
      source: hasAddress(options.addresses) ? undefined : 'ETCDCTL_ENDPOINTS',
      defaultPort: 2_379,
      urlPort: 'default',
      scheme: isSecured ? 'https' : 'http',
    }),
    prefix: namespace === undefined ? goMicroPrefix : `/rollcall/${namespace}/`,
    user: parseUser(options.token),
    tls: () => given ?? tlsOfEnvironment(env),
  };
}

const isGiven = (value: string | undefined): value is string => value !== undefined && value.trim() !== '';

/** Whether code or a flag says where etcd is. */
const hasAddress = (addresses: unknown): boolean =>
  addresses !== undefined && (!Array.isArray(addresses) || addresses.some((one) => String(one).trim() !== ''));

/** User and password of a token; throws `INVALID_ARGUMENT`. */
function parseUser(token: unknown): EtcdUser | undefined {
  if (token === undefined) return undefined;
  // An editor leaves a newline at the end of a file.
  const text = typeof token === 'string' ? token.replace(/[\r\n]+$/, '') : '';
  const at = text.indexOf(':');
  if (at < 1) throw invalidOption('etcd', 'token must be user:password');
  return { name: text.slice(0, at), password: text.slice(at + 1) };
}

function parseTls(value: unknown): EtcdTls | undefined {
  if (value === undefined) return undefined;
  const { ca, key, cert } = (value ?? {}) as EtcdTls;
  const isText = (item: unknown): boolean => item === undefined || typeof item === 'string' || Buffer.isBuffer(item);
  if (typeof value !== 'object' || value === null || ![ca, key, cert].every(isText))
    throw invalidOption('etcd', 'tls: ca, cert and key must be PEM texts');
  return { ca, key, cert };
}

const tlsVariables = [
  ['ca', 'ETCDCTL_CACERT'],
  ['key', 'ETCDCTL_KEY'],
  ['cert', 'ETCDCTL_CERT'],
] as const;

function tlsOfEnvironment(env: Environment): EtcdTls {
  const read = (name: string): string | undefined => {
    const path = env[name]?.trim();
    if (!isGiven(path)) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw unreadableFile('etcd', name, path, cause);
    }
  };
  return Object.fromEntries(tlsVariables.map(([part, name]) => [part, read(name)]));
}

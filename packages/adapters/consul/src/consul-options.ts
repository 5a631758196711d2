import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Capabilities, RegistryOptions } from '@rollcall/core';
import {
  type CommonRegistryOptions,
  type EndpointRules,
  invalidOption,
  parseEndpoints,
  parseHeaderToken,
  unreadableFile,
} from '@rollcall/core/adapter';

/** Options of {@link consul}. Missing options come from Consul's own environment variables. */
export interface ConsulOptions extends RegistryOptions {
  /**
   * `host:port`, URL with or without a base path, or `unix://` and a path, of Consul agents. Default
   * `CONSUL_HTTP_ADDR`, else `127.0.0.1:8500`. Calls go to the first agent that answers. A node is registered with the
   * agent that its call reached; after a change of agents its entry on the former agent expires with its TTL.
   */
  readonly addresses?: readonly string[] | undefined;
  /**
   * ACL token. Default: the content of the file `CONSUL_HTTP_TOKEN_FILE`, else `CONSUL_HTTP_TOKEN`. A function is
   * called before every request, so the token may change; a node that was registered with the old token is written
   * again at its next renewal.
   */
  readonly token?: string | (() => string) | undefined;
  /** The datacenter that reads and watches go to. Nodes can only be registered in the agent's own. Default: the agent's own. */
  readonly datacenter?: string | undefined;
  /** PEM texts for `https` addresses. */
  readonly tls?: ConsulTls | undefined;
  /** Tags of your own, for other tools that read this Consul. They come after the adapter's own tags. */
  readonly tags?: readonly string[] | undefined;
  /** Namespace of a Consul Enterprise server; on other servers `NOT_SUPPORTED`. Default `CONSUL_NAMESPACE`. */
  readonly namespace?: string | undefined;
  /** Where Consul's own variables are read; default `process.env`. */
  readonly env?: CommonRegistryOptions['env'];
}

/** PEM texts; default the files that `CONSUL_CACERT`, `CONSUL_CLIENT_CERT` and `CONSUL_CLIENT_KEY` name. */
export interface ConsulTls {
  /** The authority to trust; absent: the authorities that Node trusts. */
  readonly ca?: string | Buffer | undefined;
  /** The client certificate; needs `key`. */
  readonly cert?: string | Buffer | undefined;
  /** The private key of `cert`, without a passphrase. */
  readonly key?: string | Buffer | undefined;
  /** The name that the agent's certificate must have. Default `CONSUL_TLS_SERVER_NAME`, else the host of the address. */
  readonly serverName?: string | undefined;
}

/** Where an agent listens by default. */
export const defaultAddress = '127.0.0.1:8500';
/** The variables of Consul's own tools that the adapter honours; its own options come first. */
export const environment = [
  'CONSUL_HTTP_ADDR',
  'CONSUL_HTTP_SSL',
  'CONSUL_HTTP_TOKEN_FILE',
  'CONSUL_HTTP_TOKEN',
  'CONSUL_HTTP_AUTH',
  'CONSUL_NAMESPACE',
  'CONSUL_CACERT',
  'CONSUL_CLIENT_CERT',
  'CONSUL_CLIENT_KEY',
  'CONSUL_TLS_SERVER_NAME',
] as const;
/**
 * Most requests of one registry object in flight, without the blocking queries of watches. An agent takes 200
 * connections of one machine, for all its programs. Sensible values are 4 to 50; more leaves fewer connections to other
 * programs, fewer makes a register of many nodes slower.
 */
export const maxInFlight = 16;
/**
 * With several agents: how long an agent that does not answer holds up a call before the next is asked. Milliseconds.
 * Sensible values are 0.5 s to 3 s; shorter leaves agents that are only busy, longer costs calls their deadline.
 */
export const failoverAfterMs = 1_000;
/** A call that takes this long asks whether its agent still answers, and leaves it after as long again. Milliseconds. Longer delays the change of agents, shorter costs questions. */
export const attendAfterMs = 500;
/** For how long an aborted write may still be answered, so that it cannot overtake the next one. Milliseconds. Shorter may let an old write win, longer delays the next call on the node. */
export const abortedWriteMs = 500;
/**
 * How long a blocking query waits for a change. Milliseconds. Only the end of the wait reveals an agent whose servers
 * lost their state, or a silent link. Sensible values are 5 s to 60 s; shorter costs a request per watch each time,
 * longer notices a lost link later.
 */
export const blockingWaitMs = 10_000;
/** Time beyond the wait: Consul adds up to a sixteenth of it at random, and the network takes some. Milliseconds. */
export const blockingGraceMs = 2_500;
/** After an outage: how long a watch waits for machines that the servers still call dead. Milliseconds. Shorter reports living nodes as gone after a restart of the servers, longer keeps dead ones. */
export const machineGraceMs = 5_000;
/** A watch polls no more often than this, and no more than a fifth of its time is spent reading. Milliseconds. */
export const pollFloorMs = 250;
/** The longest pause between polls, however long a read took. Milliseconds. */
export const maxPollFloorMs = 5_000;
/** The part of a watch's time that its reads may take: one fifth. */
export const pollFloorReads = 5;
/** TTL of the check of a node without a lease: ten years, the longest duration of the contract. Milliseconds. */
export const maxCheckTtlMs = 315_360_000_000;
/** Consul removes a critical instance after its TTL (at least a minute, the server's minimum) plus this. Milliseconds. */
export const reapAfterMs = 5_000;
/** Shortest time after which Consul's server removes a critical instance. Milliseconds. */
export const reapFloorMs = 60_000;
/** Most pairs of Meta that Consul takes. */
export const maxMetaPairs = 64;
/** Largest value of a pair of Meta that Consul takes. Bytes. */
export const maxMetaValueBytes = 512;
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

/** The capabilities of Consul, with or without the namespaces of Enterprise. */
export const consulCapabilities = (namespaces: boolean): Capabilities =>
  namespaces ? Object.freeze({ ...capabilities, namespaces }) : capabilities;

type Environment = NonNullable<ConsulOptions['env']>;

/** The value of a variable without white space around it; undefined for white space alone. */
const given = (value: string | undefined): string | undefined => value?.trim() || undefined;

/** The address of one agent. */
export interface AgentAddress {
  /** `http(s)://host:port`, with the base path if there is one; for a socket `http://localhost`. */
  readonly base: string;
  readonly secure: boolean;
  /** The path of a Unix socket. */
  readonly socketPath?: string | undefined;
}

/** The addresses, and how messages call them. */
function listAddresses(
  addresses: unknown,
  env: Environment,
): { readonly source: string; readonly list: readonly unknown[] } {
  if (addresses !== undefined && !Array.isArray(addresses))
    throw invalidOption('consul', 'addresses must be an array of host:port, URLs or unix://path');
  const list = (addresses ?? []).filter((address) => typeof address !== 'string' || address.trim() !== '');
  if (list.length > 0) return { source: 'addresses', list };
  return { source: 'CONSUL_HTTP_ADDR', list: [given(env.CONSUL_HTTP_ADDR) ?? defaultAddress] };
}

/** The agents, each once, with their `host:port` where they have one; throws `INVALID_ARGUMENT`. */
function parseAgents(addresses: unknown, env: Environment): Pick<ConsulSettings, 'agents' | 'endpoints'> {
  const { source, list } = listAddresses(addresses, env);
  const isSocket = (address: unknown): address is string =>
    typeof address === 'string' && address.trim().startsWith('unix://');
  const sockets = [...new Set(list.filter(isSocket).map((address) => address.trim().slice('unix://'.length)))];
  if (sockets.includes('')) throw invalidOption('consul', `${source}: unix:// must be followed by a path`);
  const others = list.filter((address) => !isSocket(address));
  // The texts that Go reads as true.
  const scheme = /^(?:1|t|true)$/i.test(given(env.CONSUL_HTTP_SSL) ?? '') ? 'https' : 'http';
  const rules: EndpointRules = { registry: 'consul', source, defaults: [], defaultPort: 8_500, paths: true, scheme };
  const endpoints = parseEndpoints(others, rules);
  return {
    agents: [
      ...endpoints.map(({ origin, path, secure }) => ({ base: `${origin}${path}`, secure })),
      ...sockets.map((socketPath) => ({ base: 'http://localhost', secure: false, socketPath })),
    ],
    endpoints: endpoints.map(({ address }) => address),
  };
}

/** A function that reads the present token; throws `INVALID_ARGUMENT`. */
function parseToken(token: unknown, env: Environment): () => string | undefined {
  if (typeof token === 'function') return () => parseHeaderToken(token(), 'consul');
  if (token !== undefined) {
    const checked = parseHeaderToken(token, 'consul');
    return () => checked;
  }
  const path = given(env.CONSUL_HTTP_TOKEN_FILE);
  const fixed = parseHeaderToken(given(env.CONSUL_HTTP_TOKEN), 'consul', 'CONSUL_HTTP_TOKEN');
  if (path === undefined) return () => fixed;
  let read: string | undefined;
  return () => {
    read ??= parseHeaderToken(readText('CONSUL_HTTP_TOKEN_FILE', path), 'consul', 'CONSUL_HTTP_TOKEN_FILE');
    return read;
  };
}

function readText(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unreadableFile('consul', variable, path, cause);
  }
}

/** A datacenter or undefined; throws `INVALID_ARGUMENT`. */
function parseDatacenter(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value))) return value;
  throw invalidOption('consul', 'datacenter must be 1-64 of [A-Za-z0-9_-]');
}

/** Checks the namespace of the variable. The guard has checked that of the options. */
function namespaceOf({ CONSUL_NAMESPACE }: Environment): string | undefined {
  const value = given(CONSUL_NAMESPACE);
  if (value === undefined) return undefined;
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value)) return value;
  throw invalidOption('consul', 'CONSUL_NAMESPACE must be 1-63 of [A-Za-z0-9._-], starting with a letter or digit');
}

/** The user's tags. They must not look like the adapter's or go-micro's; throws `INVALID_ARGUMENT`. */
function parseTags(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const fits = (tag: unknown): boolean =>
    typeof tag === 'string' && /^[\x20-\x7e]{1,255}$/.test(tag) && !/^(?:[tevr]-|[tev]=|[te]$)/.test(tag);
  if (!Array.isArray(value) || value.length > 64 || !value.every(fits))
    throw invalidOption(
      'consul',
      'tags must be a list of at most 64 texts, each of 1-255 printable ASCII characters and without t-, e-, v- or r- at its beginning, which mark tags of Rollcall and go-micro',
    );
  return [...value];
}

/** Checks that a value is text or a buffer; throws `INVALID_ARGUMENT`. */
function parseTls(value: unknown): ConsulTls {
  if (value === undefined) return {};
  const fits = (item: unknown): boolean => item === undefined || typeof item === 'string' || Buffer.isBuffer(item);
  const { ca, cert, key, serverName } = (value ?? {}) as ConsulTls;
  if (typeof value !== 'object' || value === null || ![ca, cert, key, serverName].every(fits))
    throw invalidOption('consul', 'tls: ca, cert and key must be PEM texts, serverName a text');
  return { ca, cert, key, serverName };
}

const tlsVariables = { ca: 'CONSUL_CACERT', cert: 'CONSUL_CLIENT_CERT', key: 'CONSUL_CLIENT_KEY' } as const;

/** Parts that the options do not give are read from the files that the variables name. */
async function readTls(tls: ConsulTls, env: Environment): Promise<ConsulTls> {
  const read = async (part: 'ca' | 'cert' | 'key'): Promise<string | Buffer | undefined> => {
    const path = given(env[tlsVariables[part]]);
    if (tls[part] !== undefined || path === undefined) return tls[part];
    return readFile(path).catch((cause: unknown) => {
      throw unreadableFile('consul', tlsVariables[part], path, cause);
    });
  };
  const [ca, cert, key] = await Promise.all([read('ca'), read('cert'), read('key')]);
  const name = given(env.CONSUL_TLS_SERVER_NAME);
  return { ca, cert, key, serverName: tls.serverName ?? name };
}

/** The checked options, completed by the environment. */
export interface ConsulSettings {
  readonly agents: readonly AgentAddress[];
  readonly endpoints: readonly string[];
  readonly token: () => string | undefined;
  /** `user:password` of a proxy in front of the agents. */
  readonly auth: string | undefined;
  readonly datacenter: string | undefined;
  readonly namespace: string | undefined;
  /** Reads the files; rejects with `INVALID_ARGUMENT` for a file that cannot be read. */
  readonly tls: () => Promise<ConsulTls>;
  readonly tags: readonly string[];
}

/** Options override the environment, which overrides the defaults. Throws `INVALID_ARGUMENT`. */
export function parseSettings(options: ConsulOptions): ConsulSettings {
  const { env = process.env } = options;
  const tls = parseTls(options.tls);
  return {
    ...parseAgents(options.addresses, env),
    token: parseToken(options.token, env),
    auth: given(env.CONSUL_HTTP_AUTH),
    datacenter: parseDatacenter(options.datacenter),
    namespace: options.namespace ?? namespaceOf(env),
    tls: () => readTls(tls, env),
    tags: parseTags(options.tags),
  };
}

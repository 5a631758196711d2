import type { Capabilities, Clock, RegistryOptions } from '@rollcall/core';
import {
  type BackendEndpoint,
  type EndpointRules,
  invalidOption,
  parseEndpoints,
  parseHeaderToken,
  systemClock,
  type TlsPaths,
} from '@rollcall/core/adapter';
import { Credentials } from './http/credentials.ts';

/** Options of {@link discovery}. */
export interface DiscoveryOptions extends RegistryOptions {
  /**
   * `host`, `host:port` or URL of each server, with a base path where a proxy serves it below one
   * (`https://example.org/registry`). Default `127.0.0.1:7171`. With several servers, writes go to every one, reads and
   * watches to the first that answers: each server is complete by itself.
   */
  readonly addresses?: readonly string[] | undefined;
  /** The environment on the server; default `default`. */
  readonly namespace?: string | undefined;
  /** Bearer token; default: none. */
  readonly token?: string | undefined;
  /** File with the token. Read when it is first needed, and again when the server answers 401. */
  readonly tokenFile?: string | undefined;
  /** PEM files for `https` addresses. Read when they are first needed, and again when a connection fails. */
  readonly tlsFiles?: TlsPaths | undefined;
}

/** The port of an address without one; a URL without a port gets that of its scheme. */
const defaultPort = 7_171;
/** Where a server listens by default. */
export const defaultAddress: string = `127.0.0.1:${defaultPort}`;
/** What to do when no server answers. */
export const startHint = 'start one with `rollcall serve`';
/** The environment of a registry without a namespace. */
const defaultEnv = 'default';
/**
 * Renewals within this time are sent as one request. Milliseconds: far below any interval, far above a timer's
 * precision. Longer batches more renewals, and delays each by as much.
 */
export const renewalWindowMs = 4;
/**
 * Most leases in one renewal request. More saves requests of a program with many nodes, and makes each of them larger.
 */
export const maxRenewalBatch = 1_000;
/**
 * Most instances in one request that replays missed writes. More saves requests after an outage, fewer repeats less
 * when one fails.
 */
export const maxRegisterBatch = 50;
/**
 * With several servers: how long a silent one holds up a write. Its missed writes are replayed later. Milliseconds.
 * Shorter replays more to servers that are only busy, longer delays each write while a server is down.
 */
export const failoverAfterMs = 1_000;
/**
 * Deadline of a renewal batch, and of writes in the background. Milliseconds. Shorter fails on a busy server, longer
 * delays the next attempt at a silent one.
 */
export const backgroundTimeoutMs = 3_000;
/**
 * A watch that hears nothing for this long is lost. Milliseconds; the server sends a heartbeat every 2 s. Shorter gives
 * up slow links, longer notices a lost server later.
 */
export const silenceMs = 5_000;
/** A snapshot may take longer than a call: each time this much of it arrives, the link counts as alive. Characters. */
export const aliveCharacters = 65_536;
/** Deadline of an operator's call that sets none. Milliseconds. */
export const adminTimeoutMs = 5_000;
/** Deadline of a backup up to its first byte, since the server first writes it to disk. Milliseconds. */
export const backupTimeoutMs = 120_000;
/** Largest answer that is read. Bytes. */
export const maxAnswerBytes = 268_435_456;
/** Longest wait that a server's `Retry-After` can ask for. Milliseconds. */
export const maxRetryAfterMs = 60_000;
/**
 * Most connections to one server, without those of watches. More lets more calls run at a time, fewer makes calls wait.
 */
export const maxSockets = 16;

const capabilities: Capabilities = Object.freeze({
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

const durable: Capabilities = Object.freeze({ ...capabilities, durable: true });

/** The capabilities of a discovery server, with a data folder or without. */
export const discoveryCapabilities = (isDurable: boolean): Capabilities => (isDurable ? durable : capabilities);

/** How server addresses are parsed. A path belongs to a proxy that serves the API below it. */
const endpointRules: EndpointRules = {
  registry: 'discovery',
  defaults: [defaultAddress],
  defaultPort,
  paths: true,
};

/** The parsed options of {@link discovery}. */
export interface DiscoverySettings {
  /** The servers, each once. */
  readonly endpoints: readonly BackendEndpoint[];
  /** The environment on the server. */
  readonly env: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
}

/** Reads the options; throws `INVALID_ARGUMENT`. */
export function parseSettings({
  addresses,
  namespace,
  token,
  tokenFile,
  tlsFiles,
  clock = systemClock,
}: DiscoveryOptions): DiscoverySettings {
  return {
    endpoints: parseEndpoints(addresses, endpointRules),
    env: namespace ?? defaultEnv,
    credentials: new Credentials({
      token: parseHeaderToken(token, 'discovery'),
      tokenFile: parsePath(tokenFile, 'tokenFile'),
      tlsFiles: parseTlsFiles(tlsFiles),
    }),
    clock,
  };
}

function parsePath(path: unknown, option: string): string | undefined {
  if (path === undefined || (typeof path === 'string' && path !== '')) return path;
  throw invalidOption('discovery', `${option} must be the path of a file`);
}

function parseTlsFiles(files: TlsPaths | undefined): TlsPaths | undefined {
  if (files === undefined) return undefined;
  const [ca, cert, key] = (['ca', 'cert', 'key'] as const).map((name) => parsePath(files[name], `tlsFiles.${name}`));
  if ((cert === undefined) !== (key === undefined))
    throw invalidOption('discovery', 'tlsFiles.cert and tlsFiles.key must be given together');
  return { ca, cert, key };
}

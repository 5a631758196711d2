import { type Clock, type Logger, RegistryError } from '@rollcall/core';
import { systemClock } from '@rollcall/core/adapter';
import {
  type SecurityOptions,
  type SecuritySettings,
  securityProblems,
  withSecurityDefaults,
} from './access/security-options.ts';
import { silentLogger } from './logs/silent-logger.ts';

/** Options of {@link createServer}. */
export interface ServerOptions extends SecurityOptions {
  /** Address to bind; default `127.0.0.1`. Any that is not loopback needs `tokensFile` or `insecure`. */
  readonly host?: string | undefined;
  /** Default 7171; 0: any free port. */
  readonly port?: number | undefined;
  /** Self-protection; default `on`. */
  readonly protection?: 'on' | 'off' | undefined;
  /**
   * How long a server that starts empty tells its clients not to believe an absence. Milliseconds; default 90,000; 0 to a day. It should exceed
   * the longest TTL of your services: shorter lets clients drop services that have not registered again, longer delays the news of real losses.
   */
  readonly warmUpMs?: number | undefined;
  /** Names by which clients call a server that listens beyond this machine, besides its own and those without a dot. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** What hears of evictions, self-protection, failures and slow requests; default: nothing does. */
  readonly logger?: Logger | undefined;
  /** `problems` (default): requests that fail by a defect of the server, and slow ones. `all`: every request. */
  readonly logRequests?: 'problems' | 'all' | undefined;
  /** A request that takes longer is logged as slow. Milliseconds; default 1,000. Lower shows a busy server earlier and logs more. */
  readonly slowRequestMs?: number | undefined;
  /** Folder in which the roll is kept over a restart, made where there is none; default: it is not kept. */
  readonly dataDir?: string | undefined;
  readonly clock?: Clock | undefined;
}

/** Where the server listens by default. */
export const defaultHost = '127.0.0.1';
/** Its port. */
export const defaultPort = 7171;
/** Equal to the default TTL: by then every service that is alive has renewed, or registered again. Milliseconds. */
export const defaultWarmUpMs = 90_000;
/** A request that takes longer is logged as slow. Milliseconds. */
export const defaultSlowRequestMs = 1_000;
/** TTL of an instance that names none: that of Eureka and bilibili/discovery. Milliseconds. */
export const defaultTtlMs = 90_000;
/** Renew interval of an instance that names none: that of Eureka and bilibili/discovery. Milliseconds. */
export const defaultRenewIntervalMs = 30_000;
/** TTLs and renew intervals are rounded up to it, so that the lists of the lease tables stay few. Milliseconds. */
export const leaseResolutionMs = 100;
/** How far a client's `dirtyTimestamp` may be ahead of the server's clock; beyond it counts as this. Milliseconds. */
export const maxDirtyAheadMs = 60_000;
/** Shortest TTL. Milliseconds. */
export const minTtlMs = 1_000;
/** The part of the heap that the roll may take: beyond it new instances are refused, those that are listed renew. */
export const rollPart = 0.5;
/** Changes that a watch can resume over. */
export const changeLogSize = 10_000;
/** What those may hold. Bytes. */
export const changeLogBytes = 33_554_432;
/** Handles of earlier holders that are remembered per instance, to tell them that it was taken over. */
export const rememberedHolders = 16;
/**
 * Handles of instances that left the roll and are remembered, to tell their callers when another has registered the id since.
 * Each costs about 200 bytes; beyond that many departures a late caller takes the id over unaware.
 */
export const rememberedDepartures = 10_000;

/** What is written to a client before it must have read it: the most that a reader costs for itself. Bytes. */
export const chunkBytes = 65_536;
/** Snapshots that have changed since and are still being read: above it the readers of the oldest are cut off. Bytes. */
export const maxStaleSnapshotBytes = 67_108_864;
/** How long a snapshot is shared: its times of renewal, which move without a change, are so old at most. Milliseconds. */
export const snapshotAgeMs = 1_000;
/** How often the server looks whether answers are read. Milliseconds. */
export const answerCheckMs = 2_000;
/** An answer is cut off when its client has read nothing of it for this long: five heartbeats. Milliseconds. */
export const stalledAnswerMs = 10_000;
/** Requests of one connection that are not answered yet. */
export const maxPipelined = 8;

/** Largest body of a register. Bytes: 256 instances of 32,768 and room. */
export const maxBodyBytes = 10_485_760;
/** Largest body of keys. Bytes: 10,000 short ones. */
export const maxBatchBodyBytes = 1_048_576;
/** Largest body of renewals by handle. Bytes: 10,000 with terms of their own. */
export const maxRenewalBodyBytes = 524_288;
/** Largest body where next to nothing is expected. Bytes. */
export const smallBodyBytes = 4_096;
/** Bodies that are arriving. */
export const maxUnfinishedBodies = 1_024;
/** What those may hold together, beyond the first bytes of each. */
export const maxUnfinishedBytes = 67_108_864;
/** The first bytes of each body, which need no room: renewals pass however many large bodies are arriving. */
export const freeBodyBytes = 16_384;
/** A body that has taken longer is dropped when others need the room. Milliseconds. */
export const youngBodyMs = 1_000;
/** A request that has not arrived whole by then is cut off: a byte a minute must not hold a connection. Milliseconds. */
export const requestTimeoutMs = 30_000;
/** The same for the headers of a request. Milliseconds. */
export const headersTimeoutMs = 10_000;
/** And likewise a TLS handshake. Milliseconds. */
export const handshakeTimeoutMs = 10_000;
/** How often Node looks for both. Milliseconds. */
export const timeoutCheckMs = 1_000;
/** How long a close waits for requests that are under way. Milliseconds. */
export const closeGraceMs = 2_000;

/** Environments that have series of their own in the metrics; those beyond share one. */
export const maxLabelledEnvironments = 100;

/** How often the lease clock looks whether the process stood still. Milliseconds. */
export const pauseCheckMs = 250;
/** A gap longer than this was a pause, and does not count. Milliseconds. */
export const pauseAfterMs = 1_000;

/** A group that the disk has not taken by then holds up nothing any longer: its callers are told. Milliseconds. */
export const groupLimitMs = 5_000;
/** How soon a group that could not be written is tried again. Milliseconds. */
export const retryWriteMs = 500;
/** How often the lease clock is written while nothing changes. Milliseconds. */
export const keepClockMs = 60_000;

/** Options with their defaults. */
export type ServerSettings = Readonly<
  Required<{ [K in Exclude<keyof ServerOptions, keyof SecurityOptions | 'dataDir'>]: NonNullable<ServerOptions[K]> }>
> &
  SecuritySettings & { readonly dataDir: string | undefined };

const loopback = /^(?:127(?:\.\d{1,3}){3}|localhost|::1|\[::1\])$/;

/** Whether only this machine reaches it. */
export const isLoopback = (host: string): boolean => loopback.test(host.toLowerCase());

/** What is wrong with one option. */
export interface OptionProblem {
  readonly option: keyof ServerOptions;
  readonly message: string;
}

/** All that is wrong with the options, each on its own and together. */
export function serverOptionProblems(options: ServerOptions): readonly OptionProblem[] {
  const { host, port, protection, warmUpMs, allowedHosts, logRequests, slowRequestMs, dataDir } = withDefaults(options);
  const problems: OptionProblem[] = [];
  const check = (option: keyof ServerOptions, holds: boolean, message: string): void => {
    if (!holds) problems.push({ option, message });
  };
  const isHost = typeof host === 'string' && host !== '';
  check('host', isHost, 'host must be an address or a name of this machine');
  check('port', Number.isInteger(port) && port >= 0 && port <= 65_535, `port must be 0-65535, got ${port}`);
  const isMode = protection === 'on' || protection === 'off';
  check('protection', isMode, `protection must be on or off, got ${String(protection)}`);
  const isWarmUp = warmUpMs >= 0 && warmUpMs <= 86_400_000;
  check('warmUpMs', isWarmUp, `warmUpMs must be 0-86400000 milliseconds, got ${warmUpMs}`);
  const areHosts = Array.isArray(allowedHosts) && allowedHosts.every((name) => typeof name === 'string' && name !== '');
  check('allowedHosts', areHosts, 'allowedHosts must be a list of host names');
  const isWanted = logRequests === 'problems' || logRequests === 'all';
  check('logRequests', isWanted, `logRequests must be problems or all, got ${String(logRequests)}`);
  check('slowRequestMs', slowRequestMs >= 0, `slowRequestMs must be 0 or more milliseconds, got ${slowRequestMs}`);
  const isFolder = dataDir === undefined || (typeof dataDir === 'string' && dataDir !== '');
  check('dataDir', isFolder, 'dataDir must be the path of a folder');
  check(
    'host',
    !isHost || isLoopback(host) || options.insecure === true || options.tokensFile !== undefined,
    `host ${host} can be reached from other machines, and every client that reaches it may change the roll: give a --tokens-file (\`rollcall token create\` makes one), allow it with --insecure, or bind 127.0.0.1`,
  );
  return [...problems, ...securityProblems(options)];
}

/** Checks and completes the options; throws `INVALID_ARGUMENT` that names all that is wrong. */
export function parseServerOptions(options: ServerOptions): ServerSettings {
  const problems = serverOptionProblems(options);
  if (problems.length === 0) return withDefaults(options);
  throw new RegistryError('INVALID_ARGUMENT', problems.map(({ message }) => message).join('; '), {
    registry: 'server',
  });
}

function withDefaults(options: ServerOptions): ServerSettings {
  const {
    host = defaultHost,
    port = defaultPort,
    protection = 'on',
    warmUpMs = defaultWarmUpMs,
    allowedHosts = [],
    logger = silentLogger,
    logRequests = 'problems',
    slowRequestMs = defaultSlowRequestMs,
    dataDir,
    clock = systemClock,
  } = options;
  return {
    dataDir,
    host,
    port,
    protection,
    warmUpMs,
    allowedHosts,
    logger,
    logRequests,
    slowRequestMs,
    clock,
    ...withSecurityDefaults(options),
  };
}

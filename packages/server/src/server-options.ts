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
  /** Address to bind; default `127.0.0.1`. Any address that is not loopback needs `tokensFile` or `insecure`. */
  readonly host?: string | undefined;
  /** Port to bind; default 7171; 0: any free port. */
  readonly port?: number | undefined;
  /** Self-protection; default `on`. Off evicts every instance at its TTL, also when a network fault silences half of them. */
  readonly protection?: 'on' | 'off' | undefined;
  /**
   * How long a server that starts with an empty roll tells its clients that missing services may still register again.
   * Milliseconds; default 90,000; range 0 to a day. Sensible values are the longest TTL of your services and a little
   * more; shorter lets clients drop services that have not registered again, longer delays the news of real losses.
   */
  readonly warmUpMs?: number | undefined;
  /** Names by which clients call a server that listens beyond this machine, besides its own names and names without a dot. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Logs evictions, self-protection, failures and slow requests; default: logs nothing. */
  readonly logger?: Logger | undefined;
  /**
   * `problems` (default): requests that fail by a defect of the server, and slow ones. `all`: every request, which
   * costs a line each.
   */
  readonly logRequests?: 'problems' | 'all' | undefined;
  /**
   * A request that takes longer is logged as slow. Milliseconds; default 1,000. Sensible values are 100 ms to 10 s;
   * shorter shows a busy server earlier and logs more, longer logs only what clients give up on.
   */
  readonly slowRequestMs?: number | undefined;
  /**
   * Folder in which the roll is kept over a restart, created where there is none. Default: the roll is lost at a
   * restart, and services register again.
   */
  readonly dataDir?: string | undefined;
  /** Source of time, for tests; default: the system's clock. */
  readonly clock?: Clock | undefined;
}

/** Where the server listens by default. */
export const defaultHost = '127.0.0.1';
/** Default port. */
export const defaultPort = 7171;
/** Equal to the default TTL: by then every live service has renewed or registered again. Milliseconds. */
export const defaultWarmUpMs = 90_000;
/** A request that takes longer is logged as slow. Milliseconds. */
export const defaultSlowRequestMs = 1_000;
/** TTL of an instance that names none, as in Eureka and bilibili/discovery. Milliseconds. */
export const defaultTtlMs = 90_000;
/** Renew interval of an instance that names none, as in Eureka and bilibili/discovery. Milliseconds. */
export const defaultRenewIntervalMs = 30_000;
/**
 * TTLs and renew intervals are rounded up to multiples of this, so that the lists of the lease tables stay few.
 * Milliseconds.
 */
export const leaseResolutionMs = 100;
/** How far a client's `dirtyTimestamp` may be ahead of the server's clock; a later one counts as this. Milliseconds. */
export const maxDirtyAheadMs = 60_000;
/** Shortest TTL. Milliseconds. */
export const minTtlMs = 1_000;
/**
 * The part of the heap that the roll may take. When it is full, new instances are refused, and listed instances still
 * renew.
 */
export const rollPart = 0.5;
/** Most changes that the change log keeps, and so the most that a watch can have missed and still resume. */
export const changeLogSize = 10_000;
/** Most bytes that the instances in the change log may take. */
export const changeLogBytes = 33_554_432;
/** Handles of earlier holders that are remembered per instance, so that the server can tell them that it was taken over. */
export const rememberedHolders = 16;
/**
 * Handles of departed instances that are remembered, so that the server can tell their callers when another client has
 * registered the id since. Each costs about 200 bytes. Beyond this number a late caller takes the id over without
 * knowing.
 */
export const rememberedDepartures = 10_000;

/** Bytes that are written to a client before it must have read them: the most that one reader costs. */
export const chunkBytes = 65_536;
/**
 * Bytes of outdated snapshots that are still being read. Beyond this the readers of the oldest snapshot are cut off.
 */
export const maxStaleSnapshotBytes = 67_108_864;
/** How long a snapshot is shared, which bounds the age of the renewal times in it. Milliseconds. */
export const snapshotAgeMs = 1_000;
/** How often the server looks whether answers are read. Milliseconds. */
export const answerCheckMs = 2_000;
/** An answer is cut off when its client has read nothing of it for this long: five heartbeats. Milliseconds. */
export const stalledAnswerMs = 10_000;
/** Most unanswered requests of one connection. */
export const maxPipelined = 8;

/** Largest body of a register: 256 of the largest instances fit. Bytes. */
export const maxBodyBytes = 10_485_760;
/** Largest body of keys: 10,000 short keys fit. Bytes. */
export const maxBatchBodyBytes = 1_048_576;
/** Largest body of renewals by handle: 10,000 handles with TTL and interval fit. Bytes. */
export const maxRenewalBodyBytes = 524_288;
/** Largest body where next to nothing is expected. Bytes. */
export const smallBodyBytes = 4_096;
/** Most bodies that arrive at the same time. */
export const maxUnfinishedBodies = 1_024;
/** Bytes that arriving bodies may hold together, beyond the first bytes of each. */
export const maxUnfinishedBytes = 67_108_864;
/** The first bytes of each body, which count for nothing, so that renewals pass however many large bodies are arriving. */
export const freeBodyBytes = 16_384;
/** A body that has taken longer is dropped when other bodies need the room. Milliseconds. */
export const youngBodyMs = 1_000;
/**
 * A request that has not arrived as a whole by then is cut off, so that a client that sends a byte a minute does not
 * hold a connection. Milliseconds.
 */
export const requestTimeoutMs = 30_000;
/** A request whose headers have not arrived by then is cut off. Milliseconds. */
export const headersTimeoutMs = 10_000;
/** A TLS handshake that is not finished by then is cut off. Milliseconds. */
export const handshakeTimeoutMs = 10_000;
/** How often Node checks the limits on headers and requests. Milliseconds. */
export const timeoutCheckMs = 1_000;
/** How long a close waits for requests that are under way. Milliseconds. */
export const closeGraceMs = 2_000;

/** Environments with series of their own in the metrics; the rest share one. */
export const maxLabelledEnvironments = 100;

/** How often the lease clock checks whether the process stood still. Milliseconds. */
export const pauseCheckMs = 250;
/**
 * A gap between two of these checks that is longer than this counts as a pause, during which no lease runs.
 * Milliseconds.
 */
export const pauseAfterMs = 1_000;

/** How long the disk may take for a group. After that the waiting callers are told that the write failed. Milliseconds. */
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

/** Whether only this machine reaches the host. */
export const isLoopback = (host: string): boolean => loopback.test(host.toLowerCase());

/** The problem of one option. */
export interface OptionProblem {
  /** The option's name. */
  readonly option: keyof ServerOptions;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** Every problem of the options, each on its own and together. */
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
  check('allowedHosts', areHosts, 'allowedHosts must be a list of host names, such as ["registry.example.com"]');
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

/** Checks and completes the options. Throws `INVALID_ARGUMENT` that names every problem. */
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

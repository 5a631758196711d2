import { type Clock, RegistryError } from '@rollcall/core';
import { systemClock } from '@rollcall/core/adapter';

/** Options of {@link createServer}. */
export interface ServerOptions {
  /** Address to bind; default `127.0.0.1`. Any that is not loopback needs `insecure`. */
  readonly host?: string | undefined;
  /** Default 7171; 0: any free port. */
  readonly port?: number | undefined;
  /** Listen beyond this machine although whoever reaches the port may change the roll. */
  readonly insecure?: boolean | undefined;
  /** Self-protection; default `on`. */
  readonly protection?: 'on' | 'off' | undefined;
  /** How long a server that starts empty tells its clients not to believe an absence. Milliseconds; default 90,000. */
  readonly warmUpMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Where the server listens when nobody says otherwise. */
export const defaultHost = '127.0.0.1';
/** Its port. */
export const defaultPort = 7171;
/** The TTL of the seed: three of its heartbeats. Milliseconds. */
export const defaultWarmUpMs = 90_000;
/** TTL of an instance that names none, as the seed's. Milliseconds. */
export const defaultTtlMs = 90_000;
/** Renew interval of an instance that names none, as the seed's. Milliseconds. */
export const defaultRenewIntervalMs = 30_000;
/** TTLs and renew intervals are rounded up to it, so that the lists of the lease tables stay few. Milliseconds. */
export const leaseResolutionMs = 100;
/** How far a client's `dirtyTimestamp` may be ahead of the server's clock; beyond it counts as this. Milliseconds. */
export const maxDirtyAheadMs = 60_000;
/** Shortest TTL. Milliseconds. */
export const minTtlMs = 1_000;
/** Changes that a watch can resume over. */
export const changeLogSize = 10_000;
/** Handles of earlier holders that are remembered per instance, to tell them that it was taken over. */
export const rememberedHolders = 16;
/** What may wait for a slow watcher before it is cut; it resumes. Bytes. */
export const maxWatchBacklogBytes = 16_777_216;
/** Largest request. Bytes: 256 instances of 32,768 and room. */
export const maxBodyBytes = 16_777_216;
/** A request that has not arrived by then is cut: whoever sends a byte a minute must not hold a connection. Milliseconds. */
export const requestTimeoutMs = 30_000;
/** How often the lease clock looks whether the process stood still. Milliseconds. */
export const pauseCheckMs = 250;
/** A gap longer than this was a pause, and does not count. Milliseconds. */
export const pauseAfterMs = 1_000;

/** Options with their defaults. */
export type ServerSettings = Readonly<
  Required<{ [K in Exclude<keyof ServerOptions, 'insecure'>]: NonNullable<ServerOptions[K]> }>
>;

const loopback = /^(?:127(?:\.\d{1,3}){3}|localhost|::1|\[::1\])$/;

/** Whether only this machine reaches it. */
export const isLoopback = (host: string): boolean => loopback.test(host);

function refuse(message: string): never {
  throw new RegistryError('INVALID_ARGUMENT', message, { registry: 'server' });
}

/** Checks and completes the options; throws `INVALID_ARGUMENT`. */
export function parseServerOptions(options: ServerOptions): ServerSettings {
  const {
    host = defaultHost,
    port = defaultPort,
    protection = 'on',
    warmUpMs = defaultWarmUpMs,
    clock = systemClock,
  } = options;
  if (typeof host !== 'string' || host === '') refuse('host must be an address or a name of this machine');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse(`port must be 0-65535, got ${port}`);
  if (protection !== 'on' && protection !== 'off') refuse(`protection must be on or off, got ${String(protection)}`);
  if (!(warmUpMs >= 0 && warmUpMs <= 86_400_000)) refuse(`warmUpMs must be 0-86400000 milliseconds, got ${warmUpMs}`);
  if (!isLoopback(host) && options.insecure !== true) {
    refuse(
      `host ${host} can be reached from other machines, and whoever reaches it may change the roll: allow it with --insecure, or bind 127.0.0.1`,
    );
  }
  return { host, port, protection, warmUpMs, clock };
}

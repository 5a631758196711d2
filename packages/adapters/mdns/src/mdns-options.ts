import type { Capabilities, Clock, Logger, RegistryOptions } from '@rollcall/core';
import { invalidOption, systemClock } from '@rollcall/core/adapter';
import { goMicroDomain } from './wire/go-micro.ts';

/** Options of {@link mdns}. */
export interface MdnsOptions extends RegistryOptions {
  /**
   * Network interfaces by name or by address (`eth0`, `192.168.1.7`, `lo`). Default: all that are up, and loopback only
   * while there is no other. `['lo']` keeps the roll on this machine.
   */
  readonly addresses?: readonly string[] | undefined;
  /** Whether nodes are announced and read as DNS-SD, `_rollcall._tcp.local`. Default true. */
  readonly dnsSd?: boolean | undefined;
  /** Whether nodes are announced and read in go-micro's shape, in the domain `micro` or the namespace. Default true. */
  readonly goMicro?: boolean | undefined;
}

/**
 * TTL of a node without a lease, in seconds. Its watchers ask for it again at four fifths of it. Sensible values are 10
 * s to 2 hours; longer keeps a vanished node listed for as long, shorter asks more often.
 */
export const leaselessTtlS = 120;
/**
 * TTL of the records that say that a name or a type exists, in seconds. Sensible values are 10 minutes to 2 hours;
 * longer keeps names without nodes in caches, shorter asks more often.
 */
export const listedTtlS = 4_500;
/**
 * How long a first read waits for answers. Milliseconds; sensible values are 100 ms to 1 s; longer makes every first
 * read as slow, shorter misses busy hosts.
 */
export const windowMs = 300;
/**
 * When the first question is repeated, since the network may lose a packet. Milliseconds; must be well before the end
 * of the wait.
 */
export const repeatMs = 100;
/**
 * Length of a step of waiting for answers. Milliseconds; sensible values are 10 ms to 100 ms; longer overshoots the
 * wait, shorter wakes more often.
 */
export const listenStepMs = 50;
/**
 * Receive buffer that a socket asks the system for. Bytes. Larger survives longer stalls of this process and takes
 * memory only then. Systems limit it (Linux: `net.core.rmem_max`).
 */
export const receiveBufferBytes: number = 2 ** 20;
/**
 * When a watch first repeats its question, in case it missed answers; each further pause is three times as long.
 * Milliseconds. Shorter finds missed nodes sooner and asks more often.
 */
export const firstRepeatMs = 1_000;
/**
 * Longest pause between two questions of a watch. Milliseconds; sensible values are 1 minute to 1 hour; longer finds a
 * missed node later, shorter asks more often.
 */
export const lastRepeatMs = 300_000;
/** Pause between probes, and after the last one (RFC 6762, 8.1). Milliseconds. */
export const probeIntervalMs = 250;
/** How many times an id is probed for (RFC 6762, 8.1). */
export const probes = 3;
/** How long the loser of simultaneous probes waits (RFC 6762, 8.2). Milliseconds. */
export const deferMs = 1_000;
/** Pause between the two announcements (RFC 6762, 8.3). Milliseconds. */
export const announceIntervalMs = 1_000;
/** Random delay of an answer that several hosts may give (RFC 6762, 6). Milliseconds. */
export const answerDelayMs: readonly [number, number] = [20, 120];
/**
 * Random delay of an answer to a question whose known answers continue in the next packet (RFC 6762, 7.2).
 * Milliseconds.
 */
export const truncatedDelayMs: readonly [number, number] = [400, 500];
/** Shortest time between two multicasts of one record (RFC 6762, 6). Milliseconds. */
export const groupIntervalMs = 1_000;
/** Shortest time between two multicasts of one record in answers to probes (RFC 6762, 6). Milliseconds. */
export const defenceIntervalMs = 250;
/** Longest TTL in an answer to a program that does not speak mDNS (RFC 6762, 6.7). Seconds. */
export const legacyTtlS = 10;
/**
 * For how long a node that was withdrawn here needs no probe to come back. Milliseconds. Longer trusts older knowledge,
 * shorter probes nodes that were only removed for a moment.
 */
export const withdrawnMs = 1_000;
/** When a goodbye is repeated, since the network may lose a packet. Milliseconds. */
export const goodbyeRepeatMs = 100;
/** When the announcer is asked whether its goodbye is true. Milliseconds after the goodbye. */
export const doubtMs: readonly number[] = [0, 200];
/**
 * When a goodbye without a contradiction is believed. Milliseconds after the goodbye; sensible values are 300 ms to 5 s;
 * longer reports removals later, shorter believes forged goodbyes on a lossy link.
 */
export const believeMs = 500;
/** When a watched instance is asked for again, as parts of its TTL (RFC 6762, 5.2). */
export const refreshAt: readonly number[] = [0.8, 0.85, 0.9, 0.95, 0.97];
/**
 * Pause between the further questions after the last one of {@link refreshAt}. Milliseconds. Shorter sends more
 * packets, longer asks less often before the node is given up.
 */
export const lastChanceStepMs = 250;
/** Shortest wait for the answer to a question about an instance. Milliseconds. */
export const leastPatienceMs = 50;
/**
 * How long after its TTL a watched instance may still answer. Milliseconds; part of `expirySlackMs`. Sensible values
 * are 0.5 s to 2 s; longer keeps dead nodes, shorter loses living ones on a lossy link.
 */
export const graceMs = 1_000;
/**
 * For how long a name is kept fresh after its last watcher, so that the next one need not ask. Milliseconds. Longer
 * answers later reads without a question, and sends more packets meanwhile.
 */
export const lingerMs = 1_000;
/** Instances, hosts and names that other hosts mention are asked for at most once in this time. Milliseconds. */
export const sparedMs = 1_000;
/**
 * Most instances, hosts and names that are asked for in {@link sparedMs}. More completes a large LAN sooner, fewer
 * limits what a hostile host can make this process send.
 */
export const maxSpared = 200;
/**
 * How often the interfaces are checked: a cable that is plugged in again is used within this time. Milliseconds;
 * sensible values are 1 s to 10 s; longer reacts later, shorter asks the system more often.
 */
export const lookMs = 2_000;
/** How many unusable instances are named; all are counted. */
export const maxNamed = 10;
/**
 * Most instances that are remembered, about 1 KB each; of more, the oldest are dropped. The limit bounds what a hostile
 * host can make this process keep. More serves larger LANs.
 */
export const maxRemembered = 16_384;

/** The capabilities of an mDNS roll. Reads ask over a link that loses packets, hence the slack: docs/mdns.md. */
export const mdnsCapabilities: Capabilities = Object.freeze({
  minTtlMs: 2_000,
  ttlResolutionMs: 1_000,
  expirySlackMs: 2_000,
  propagationMs: 2_000,
  maxNodeBytes: 1_100,
  removesOthers: 'own',
  takesOver: false,
  durable: false,
  namespaces: true,
  crossProcess: true,
  crossHost: true,
});

/** The parsed options of {@link mdns}. */
export interface Settings {
  readonly interfaces: readonly string[] | undefined;
  readonly namespace: string | undefined;
  readonly dnsSd: boolean;
  readonly goMicro: boolean;
  /** go-micro's domain. */
  readonly domain: string;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
}

const invalid = (message: string): Error => invalidOption('mdns', message);

/** Reads the options; throws `INVALID_ARGUMENT`. */
export function parseSettings({
  addresses,
  namespace,
  dnsSd = true,
  goMicro = true,
  clock = systemClock,
  logger,
}: MdnsOptions): Settings {
  const names = (Array.isArray(addresses) ? addresses : []).map((item) =>
    typeof item === 'string' ? item.trim() : '',
  );
  if (addresses !== undefined && (names.length === 0 || names.includes('')))
    throw invalid('addresses must name network interfaces (eth0, 192.168.1.7, lo), or be left out');
  if (typeof dnsSd !== 'boolean' || typeof goMicro !== 'boolean')
    throw invalid('dnsSd and goMicro must be true or false');
  if (!dnsSd && !goMicro)
    throw invalid('dnsSd and goMicro must not both be false: a node needs one of the two to be announced');
  const interfaces = addresses === undefined ? undefined : names;
  return { interfaces, namespace, dnsSd, goMicro, domain: namespace ?? goMicroDomain, clock, logger };
}

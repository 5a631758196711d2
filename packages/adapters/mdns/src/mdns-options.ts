import type { Capabilities, Clock, Logger, RegistryOptions } from '@rollcall/core';
import { invalidOption, systemClock } from '@rollcall/core/adapter';
import { goMicroDomain } from './wire/go-micro.ts';

/** Options of {@link mdns}. */
export interface MdnsOptions extends RegistryOptions {
  /**
   * Network interfaces by name or by address (`eth0`, `192.168.1.7`, `lo`); default: all that are up, and loopback while
   * there is no other. `['lo']` is this machine alone.
   */
  readonly addresses?: readonly string[] | undefined;
  /** DNS-SD, `_rollcall._tcp.local`: written and read. Default true. */
  readonly dnsSd?: boolean | undefined;
  /** go-micro's own records, domain `micro` or the namespace: written and read. Default true. */
  readonly goMicro?: boolean | undefined;
}

/** TTL of a node without a lease: it is asked for again at four fifths of it. Seconds. */
export const leaselessTtlS = 120;
/** TTL of the records that say that a name or a type exists. Seconds. */
export const listedTtlS = 4_500;
/** How long the answers to a first question are waited for. Longer makes every first read as slow; shorter misses busy hosts. Milliseconds. */
export const windowMs = 300;
/** When the first question is asked again, since the network may lose one. Milliseconds. */
export const repeatMs = 100;
/** Length of a step in which answers are waited for. Milliseconds. */
export const listenStepMs = 50;
/**
 * What a socket is asked to keep of packets that were not read yet. More survives longer stalls of this process, and takes memory
 * only then. Systems grant less where they have a limit (Linux: `net.core.rmem_max`). Bytes.
 */
export const receiveBufferBytes: number = 2 ** 20;
/** When a watch first asks again for answers that it may have missed; each further pause is three times as long. Milliseconds. */
export const firstRepeatMs = 1_000;
/** Longest time between two such questions. Milliseconds. */
export const lastRepeatMs = 300_000;
/** Between probes, and after the last (RFC 6762, 8.1). Milliseconds. */
export const probeIntervalMs = 250;
/** How many times an id is probed for (RFC 6762, 8.1). */
export const probes = 3;
/** How long the loser of simultaneous probes waits (RFC 6762, 8.2). Milliseconds. */
export const deferMs = 1_000;
/** Between the two announcements (RFC 6762, 8.3). Milliseconds. */
export const announceIntervalMs = 1_000;
/** An answer that several hosts may give waits a random time in this range (RFC 6762, 6). Milliseconds. */
export const answerDelayMs: readonly [number, number] = [20, 120];
/** After a question whose known answers go on in the next packet (RFC 6762, 7.2). Milliseconds. */
export const truncatedDelayMs: readonly [number, number] = [400, 500];
/** A record is sent to the group no more often (RFC 6762, 6). Milliseconds. */
export const groupIntervalMs = 1_000;
/** The same interval for answers to probes. Milliseconds. */
export const defenceIntervalMs = 250;
/** Longest TTL told to a program that does not know mDNS (RFC 6762, 6.7). Seconds. */
export const legacyTtlS = 10;
/** How long a node that was withdrawn here needs no probe to come back. Milliseconds. */
export const withdrawnMs = 1_000;
/** When a goodbye is sent again, since the network may lose one. Milliseconds. */
export const goodbyeRepeatMs = 100;
/** When its announcer is asked whether a goodbye is true. Milliseconds. */
export const doubtMs: readonly number[] = [0, 200];
/** When a goodbye that was not contradicted is believed. Milliseconds. */
export const believeMs = 500;
/** When an instance is asked for again, as parts of its TTL (RFC 6762, 5.2). */
export const refreshAt: readonly number[] = [0.8, 0.85, 0.9, 0.95, 0.97];
/** After the last of these parts the instance is asked for again and again, this far apart. Milliseconds. */
export const lastChanceStepMs = 250;
/** How long the answer to a question about an instance is waited for at least. Milliseconds. */
export const leastPatienceMs = 50;
/** How long after its TTL a watched instance may still answer. Part of `expirySlackMs`: longer keeps dead nodes, shorter loses living ones on a lossy link. Milliseconds. */
export const graceMs = 1_000;
/** How long a name is kept fresh after its last watcher: the next watcher need not ask again. Milliseconds. */
export const lingerMs = 1_000;
/** Instances, hosts and names that others name are asked for once in this time. Milliseconds. */
export const sparedMs = 1_000;
/** At most this many of them are asked for in that time. */
export const maxSpared = 200;
/** How often the interfaces are checked: a cable that is plugged in again is used within this time. Milliseconds. */
export const lookMs = 2_000;
/** How many unusable instances are named; all are counted. */
export const maxNamed = 10;
/** Most instances that are remembered, about 1 KB each; then the oldest is dropped. It bounds what a hostile host can make this process keep. */
export const maxRemembered = 16_384;

/** What an mDNS roll can do. Reads ask a link on which packets get lost, hence the slack: docs/mdns.md. */
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

/** The options of {@link mdns}, read. */
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
  if (typeof dnsSd !== 'boolean' || typeof goMicro !== 'boolean') throw invalid('dnsSd and goMicro must be booleans');
  if (!dnsSd && !goMicro) throw invalid('dnsSd and goMicro: at least one of the two must be on');
  const interfaces = addresses === undefined ? undefined : names;
  return { interfaces, namespace, dnsSd, goMicro, domain: namespace ?? goMicroDomain, clock, logger };
}

import type { Clock, Logger } from '@rollcall/core';
import { pause, type WatchSink, withDeadline } from '@rollcall/core/adapter';
import type { AgentLink, Query } from '../agents/agent-link.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';
import { wentSilent } from '../consul-error.ts';
import { blockingGraceMs, blockingWaitMs, maxPollFloorMs, pollFloorMs, pollFloorReads } from '../consul-options.ts';

/** What one connection of a watch needs. */
export interface WatchContext {
  readonly link: AgentLink;
  readonly reader: CatalogReader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sink: WatchSink;
  readonly signal: AbortSignal;
  /** Whether the watch before this one was lost. */
  readonly isAfterOutage: boolean;
}

/**
 * How long a blocking query may stay unanswered before the link counts as lost. Consul adds up to a sixteenth of the
 * wait, at random.
 */
const silenceMs = (blockingWaitMs * 17) / 16 + blockingGraceMs;

/** The pause before the next poll, by the length of this read. */
export const floorOf = (readMs: number): number =>
  Math.min(Math.max(pollFloorMs, pollFloorReads * readMs), maxPollFloorMs);

/** A read within a watch, which a frozen agent must not hold up. */
export function bounded<T>(
  { clock }: WatchContext,
  signal: AbortSignal,
  read: (query: Query) => Promise<T>,
  query: Omit<Query, 'signal' | 'background'> = {},
): Promise<T> {
  return withDeadline({ clock, ms: silenceMs, signal, reason: wentSilent(silenceMs) }, (inner) =>
    read({ ...query, signal: inner, background: true }),
  );
}

/** A list that is followed by blocking queries. */
export interface Followed<T> {
  readonly read: (query: Query) => Promise<T>;
  /**
   * `moved`: the index changed. Even without it the answer may be new, since a server that lost everything reaches the
   * same indexes again.
   */
  readonly tell: (answer: T, moved: boolean) => void;
}

/** Reads once; returns a function that follows the list until the signal rejects it. */
export async function open<T extends { readonly index: number }>(
  context: WatchContext,
  signal: AbortSignal,
  { read, tell }: Followed<T>,
): Promise<{ readonly first: T; follow(stop: AbortSignal): Promise<void> }> {
  const { clock, link } = context;
  let { lostSockets } = link;
  let startedAt = clock.now();
  // A server that has just started answers from what it has replayed so far, in which a node may seem to be gone.
  const first = await bounded(context, signal, read, { consistent: true });
  const floorMs = floorOf(clock.now() - startedAt);
  let { index } = first;
  const follow = async (stop: AbortSignal): Promise<void> => {
    for (;;) {
      // A pause between polls, not after each answer: a change that comes after a long wait is followed by the next
      // query at once.
      await pause(clock, startedAt + floorMs - clock.now(), stop);
      startedAt = clock.now();
      // Another agent may listen at this address by now, and its index may be far behind the last one that was read.
      const isSame = lostSockets === link.lostSockets;
      lostSockets = link.lostSockets;
      const answer = await bounded(context, stop, read, isSame ? { index, waitMs: blockingWaitMs } : {});
      tell(answer, answer.index !== index);
      index = answer.index;
    }
  };
  return { first, follow };
}

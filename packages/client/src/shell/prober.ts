import { connect } from 'node:net';
import type { Clock } from '@rollcall/core';
import { withDeadline } from '@rollcall/core/adapter';
import { probesInFlight } from '../defaults.ts';
import type { Probe } from '../options.ts';
import type { RandomBelow, RemoteNode } from '../picking.ts';
import type { Answer } from '../rule/service-rule.ts';

/** Faults of this machine, for which the node is not to blame. */
export const ownFaults: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']);

/** Opens a TCP connection and closes it at once. It never keeps the process alive. */
export const tcpConnect: Exclude<Probe, false> = ({ host, port }, signal) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.unref();
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    // The timers of a blocked caller are due before it has read its sockets, so the sockets are read first.
    const onAbort = (): void => void setImmediate(() => end(() => reject(signal.reason)));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => end(resolve));
    socket.on('error', (error) => end(() => reject(error)));
  });

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

function toAnswer(error: unknown): Answer {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return 'refused';
  return typeof code === 'string' && ownFaults.has(code) ? 'unknown' : 'unreachable';
}

/** A deadline that is later than this was held up by a blocked caller, and says nothing of the node. Milliseconds. */
const blockedMs = 250;

interface Question {
  readonly node: RemoteNode;
  readonly done: (answer: Answer) => void;
}

/** What a {@link Prober} is made of. */
export interface ProberParts {
  readonly probe: Exclude<Probe, false>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly random: RandomBelow;
}

/**
 * Asks nodes by TCP, a bounded number at a time, in random order, so that many clients that lost the same nodes do not
 * ask in step.
 */
export class Prober {
  readonly #parts: ProberParts;
  readonly #queue: Question[] = [];
  readonly #stop = new AbortController();
  #inFlight = 0;

  constructor(parts: ProberParts) {
    this.#parts = parts;
  }

  ask(node: RemoteNode, done: (answer: Answer) => void): void {
    if (this.#stop.signal.aborted) return;
    this.#queue.push({ node, done });
    const other = this.#parts.random(this.#queue.length);
    const last = this.#queue.length - 1;
    [this.#queue[last], this.#queue[other]] = [this.#queue[other] as Question, this.#queue[last] as Question];
    this.#next();
  }

  /** Stops: asks no more nodes, and reports no more answers. */
  close(): void {
    this.#queue.length = 0;
    this.#stop.abort();
  }

  #next(): void {
    while (this.#inFlight < probesInFlight) {
      const question = this.#queue.pop();
      if (question === undefined) return;
      this.#inFlight += 1;
      void this.#probe(question);
    }
  }

  async #probe({ node, done }: Question): Promise<void> {
    const answer = await this.#answer(node);
    this.#inFlight -= 1;
    if (this.#stop.signal.aborted) return;
    done(answer);
    this.#next();
  }

  async #answer(node: RemoteNode): Promise<Answer> {
    const { probe, clock, timeoutMs } = this.#parts;
    const { signal } = this.#stop;
    const startedAtMs = clock.now();
    const reason = new Error(`no connection within ${timeoutMs} ms`);
    try {
      await withDeadline({ clock, ms: timeoutMs, signal, reason }, (inner) => probe(node, inner));
      return 'connected';
    } catch (error) {
      const lateMs = clock.now() - startedAtMs - timeoutMs;
      return error === reason && lateMs > blockedMs ? 'unknown' : toAnswer(error);
    }
  }
}

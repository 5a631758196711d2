/** A call: attempts at one node after another, until an answer is good enough or nothing may be repeated. */

import type { Clock } from '@rollcall/core';
import { onAbort } from '@rollcall/core/adapter';
import { closedError } from '../closed-error.ts';
import { defaultCallTimeoutMs, firstAnswerMs, firstProofMs } from '../defaults.ts';
import type { NodeState } from '../rule/node-state.ts';
import type { RetryBudget } from '../rule/retry-budget.ts';
import type { CallSettings } from '../settings/policy.ts';
import type { OpenService } from '../shell/open-service.ts';
import { type Attempting, attempt } from './attempt.ts';
import type { InFlight } from './in-flight.ts';
import type { Ended, Job } from './job.ts';
import { brokeOnReuse, isUnsent } from './outcome.ts';

/** What all calls of a client share. */
export interface CallContext {
  readonly clock: Clock;
  readonly budget: RetryBudget;
  readonly inFlight: InFlight;
}

/** Makes the call; rejects with the error of the last attempt. */
export async function run<T>(
  job: Job<T>,
  service: OpenService,
  settings: CallSettings,
  context: CallContext,
): Promise<T> {
  job.signal?.throwIfAborted();
  const { timeoutMs } = settings;
  if (timeoutMs === undefined || timeoutMs === 0) return new Run(job, service, settings, context, job.signal).run();
  const controller = new AbortController();
  const reason = new DOMException(
    `no answer from ${service.followed.name} within the timeoutMs of ${timeoutMs} ms`,
    'TimeoutError',
  );
  const cancel = context.clock.setTimer(timeoutMs, () => controller.abort(reason));
  const { signal } = job;
  const stop = signal === undefined ? undefined : onAbort(signal, () => controller.abort(signal.reason));
  try {
    return await new Run(job, service, settings, context, controller.signal).run();
  } catch (error) {
    // However the work reacts to the signal, the caller gets the signal's reason.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    cancel();
    stop?.();
  }
}

class Run<T> {
  readonly #job: Job<T>;
  readonly #service: OpenService;
  readonly #settings: CallSettings;
  readonly #context: CallContext;
  readonly #signal: AbortSignal | undefined;
  #tried: Set<string> | undefined;
  /** The number of attempts that may have reached a server. */
  #sent = 0;
  /** Whether the budget has paid for the next repeat. */
  #isPaid = false;
  /** An answer for which a better one was sought at another node. A later error does not replace it. */
  #poor: { readonly answer: T } | undefined;

  constructor(
    job: Job<T>,
    service: OpenService,
    settings: CallSettings,
    context: CallContext,
    signal: AbortSignal | undefined,
  ) {
    this.#job = job;
    this.#service = service;
    this.#settings = settings;
    this.#context = context;
    this.#signal = signal;
  }

  async run(): Promise<T> {
    const { clock, budget } = this.#context;
    const startedAtMs = clock.now();
    budget.call(startedAtMs);
    if (!this.#service.isReady) await this.#wait();
    let state = this.#pick();
    for (;;) {
      const ended = await this.#attempt(state);
      const next = this.#next(state, ended, startedAtMs);
      if (next === undefined) return this.#finish(ended);
      if (ended.kind === 'answer') this.#keep(ended.answer);
      state = this.#service.isProving ? await this.#whenProven(next) : next;
    }
  }

  /** A request to a dead node costs more than a probe, so requests wait while probes are under way. */
  async #whenProven(next: NodeState): Promise<NodeState> {
    await this.#prove();
    const better = this.#service.choose(this.#settings.key, this.#tried);
    return better === undefined || this.#tried?.has(better.id) ? next : better;
  }

  async #prove(): Promise<void> {
    const { waiters } = this.#service.followed;
    await waiters.until(() => !this.#service.isProving, this.#context.clock, firstProofMs, this.#signal);
  }

  #pick(): NodeState {
    const state = this.#service.choose(this.#settings.key, this.#tried);
    if (state !== undefined) return state;
    if (this.#service.followed.isClosed) throw closedError();
    throw this.#job.failure(this.#service.noNode());
  }

  /** Waits for the registry's first answer, for a first node if the caller wants that, and for a first proof. */
  async #wait(): Promise<void> {
    const { followed } = this.#service;
    const wait = (isTrue: () => boolean, ms: number): Promise<boolean> =>
      followed.waiters.until(isTrue, this.#context.clock, ms, this.#signal);
    if (!this.#service.hasNode) await wait(() => followed.hasHeard || this.#service.hasNode, firstAnswerMs);
    if (!this.#service.hasNode && this.#settings.waitForNodeMs > 0)
      await wait(() => followed.isClosed || this.#service.hasNode, this.#settings.waitForNodeMs);
    if (this.#service.isProving) await this.#prove();
  }

  #begin(state: NodeState, ownSignal: boolean): Attempting<T> {
    const { inFlight } = this.#context;
    const mayLeave = (): boolean => this.#mayLeave();
    return attempt(this.#job, this.#service.followed, state, { inFlight, signal: this.#signal, ownSignal, mayLeave });
  }

  /** Takes the repeat out of the budget at once, because many calls may leave a dead node in the same moment. */
  #mayLeave(): boolean {
    if (!this.#mayRunTwice || this.#sent + 1 >= this.#settings.attempts) return false;
    this.#isPaid ||= this.#context.budget.take(this.#context.clock.now());
    return this.#isPaid;
  }

  #attempt(state: NodeState): Promise<Ended<T>> {
    const { hedgeMs } = this.#settings;
    if (hedgeMs > 0 && this.#mayRunTwice) return this.#hedge(state, hedgeMs);
    return this.#begin(state, this.#job.needsSignal).ended;
  }

  get #mayRunTwice(): boolean {
    return this.#job.isRepeatable && this.#job.isIdempotent;
  }

  /** The node for one more attempt. Undefined: there is none, and the call ends as its last attempt did. */
  #next(state: NodeState, ended: Ended<T>, startedAtMs: number): NodeState | undefined {
    const { clock } = this.#context;
    if (ended.kind === 'answer' && !this.#job.wantsRepeat(ended.answer)) return undefined;
    if (this.#signal?.aborted || !isNodesFault(ended) || !this.#job.isRepeatable) return undefined;
    const nowMs = clock.now();
    if (nowMs - startedAtMs >= (this.#settings.timeoutMs ?? defaultCallTimeoutMs) && this.#settings.timeoutMs !== 0)
      return undefined;
    const wasUnsent = ended.kind === 'error' && isUnsent(ended.result);
    if (!wasUnsent) this.#sent += 1;
    if (!wasUnsent && !(this.#job.isIdempotent && this.#sent < this.#settings.attempts)) return undefined;
    this.#tried ??= new Set();
    this.#tried.add(state.id);
    const next = this.#service.choose(this.#settings.key, this.#tried);
    if (next === undefined) return undefined;
    // A node that refused is not asked again; a node whose idle connection broke may be asked again.
    if (wasUnsent && this.#tried.has(next.id)) return undefined;
    const { budget } = this.#context;
    // A connection breaks only once on reuse, so these repeats are bounded without the budget.
    const isPaid = this.#isPaid;
    this.#isPaid = false;
    const isFree = isPaid || wasUnsent || (ended.kind === 'error' && budget.isOn && brokeOnReuse(ended.error));
    return isFree || budget.take(nowMs) ? next : undefined;
  }

  #keep(answer: T): void {
    if (this.#poor !== undefined) this.#job.discard(this.#poor.answer);
    this.#poor = { answer };
  }

  #finish(ended: Ended<T>): T {
    const poor = this.#poor;
    if (ended.kind === 'answer') {
      if (poor !== undefined) this.#job.discard(poor.answer);
      return ended.answer;
    }
    if (poor !== undefined && !this.#signal?.aborted) return poor.answer;
    if (ended.kind === 'error') throw ended.error;
    throw this.#job.failure(new Error('the node cannot be reached any more, and there is no other'));
  }

  /** Starts a second attempt at another node when the first has no answer after a while. The first good answer wins. */
  async #hedge(state: NodeState, hedgeMs: number): Promise<Ended<T>> {
    const { clock, budget } = this.#context;
    const racing = [this.#begin(state, true)];
    let cancel = (): void => {};
    const isLate = new Promise<undefined>((resolve) => {
      cancel = clock.setTimer(hedgeMs, () => resolve(undefined));
    });
    const [first] = racing;
    const early = await Promise.race([first?.ended, isLate]);
    cancel();
    if (early !== undefined) return early;
    const tried = new Set([...(this.#tried ?? []), state.id]);
    const other = this.#service.choose(this.#settings.key, tried);
    if (other !== undefined && !tried.has(other.id) && budget.take(clock.now())) racing.push(this.#begin(other, true));
    return firstGood(racing, (answer) => this.#job.discard(answer));
  }
}

/** Whether another node may do better: not when the request was at fault, or the caller gave up. */
function isNodesFault<T>({ kind, result }: Ended<T>): boolean {
  return result !== 'cancelled' && (kind !== 'error' || (result !== 'ok' && result !== 'answered'));
}

/** The first answer, or else the last error; the other attempts are abandoned. */
async function firstGood<T>(racing: readonly Attempting<T>[], discard: (answer: T) => void): Promise<Ended<T>> {
  const left = new Set(racing);
  for (;;) {
    const [winner, ended] = await Promise.race(
      [...left].map(async (one): Promise<[Attempting<T>, Ended<T>]> => [one, await one.ended]),
    );
    left.delete(winner);
    const isGood = ended.kind === 'answer' && ended.result !== 'failed' && ended.result !== 'busy';
    if (isGood || left.size === 0) {
      for (const loser of left) loser.abandon();
      return ended;
    }
    if (ended.kind === 'answer') discard(ended.answer);
  }
}

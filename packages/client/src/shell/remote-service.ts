import { resultOfOutcome } from '../call/outcome.ts';
import { type CallContext, run } from '../call/run.ts';
import { UseJob } from '../call/use-job.ts';
import { closedError } from '../closed-error.ts';
import type { FetchInit, NodeStatus, RemoteService, ServiceState } from '../contract.ts';
import { defaultCallTimeoutMs } from '../defaults.ts';
import type { CallPolicy } from '../options.ts';
import type { Attempt, Outcome, RemoteNode } from '../picking.ts';
import type { NodeState } from '../rule/node-state.ts';
import { invalid } from '../settings/check.ts';
import { checkKnown } from '../settings/known.ts';
import { parsePolicy } from '../settings/policy.ts';
import type { FollowedService } from './followed-service.ts';
import type { OpenService } from './open-service.ts';

/** What a service needs of its client. */
export interface ServiceHost {
  readonly calls: CallContext;
  readonly isClosed: boolean;
  fetchAt(service: OpenService, url: URL, init: FetchInit | undefined): Promise<Response>;
}

function statusOf(state: NodeState, nowMs: number): NodeStatus {
  const { node, tier, pending, latencyMs, ejection, suspicion } = state;
  const readmitInMs =
    ejection === undefined || ejection.isOnTrial ? undefined : Math.max(0, Math.ceil(ejection.untilMs - nowMs));
  const reasons = [
    suspicion === undefined ? undefined : `removed by the registry (${suspicion.reason}), not believed`,
    ejection === undefined ? undefined : ejection.isOnTrial ? 'on trial' : `ejected: ${ejection.kind}`,
    node.late ? 'late' : undefined,
  ].filter((reason) => reason !== undefined);
  const why = reasons.length === 0 ? undefined : reasons.join('; ');
  return { node, tier, why, pending, latencyMs, readmitInMs };
}

/** A client's knowledge of a service, under a selection. */
export function stateOf({ followed, view }: OpenService, clockNowMs: number): ServiceState {
  const { name, status, staleMs, error } = followed;
  const { matched, isUp } = view;
  return {
    name,
    status,
    staleMs,
    error,
    panic: !isUp,
    nodes: matched.map((state) => statusOf(state, clockNowMs)),
  };
}

/** An attempt at a node, as the caller gets it. */
class HeldAttempt implements Attempt {
  readonly #followed: FollowedService;
  readonly #state: NodeState;
  readonly #startedAtMs: number;
  #isReleased = false;

  constructor(followed: FollowedService, state: NodeState) {
    this.#followed = followed;
    this.#state = state;
    this.#startedAtMs = followed.begin(state);
  }

  get node(): RemoteNode {
    return this.#state.node;
  }

  release(outcome: Outcome): void {
    if (this.#isReleased) return;
    const result = resultOfOutcome[outcome];
    if (result === undefined) throw invalid('outcome', `one of ${Object.keys(resultOfOutcome).join(', ')}`, outcome);
    this.#isReleased = true;
    this.#followed.end(this.#state, result, this.#startedAtMs);
  }

  [Symbol.dispose](): void {
    this.release('cancelled');
  }
}

/** A service, as the caller gets it. */
export class PickedService implements RemoteService {
  readonly #open: OpenService;
  readonly #host: ServiceHost;

  constructor(open: OpenService, host: ServiceHost) {
    this.#open = open;
    this.#host = host;
  }

  get name(): string {
    return this.#open.followed.name;
  }

  get nodes(): readonly RemoteNode[] {
    return this.#open.view.nodes;
  }

  get state(): ServiceState {
    return stateOf(this.#open, this.#host.calls.clock.now());
  }

  pick(key?: string): RemoteNode {
    return this.#choose(key, undefined).node;
  }

  acquire(key?: string, avoid?: readonly RemoteNode[]): Attempt {
    const tried = avoid === undefined || avoid.length === 0 ? undefined : new Set(avoid.map(({ id }) => id));
    return new HeldAttempt(this.#open.followed, this.#choose(key, tried));
  }

  report(node: RemoteNode, outcome: Outcome): void {
    const result = resultOfOutcome[outcome];
    if (result === undefined) throw invalid('outcome', `one of ${Object.keys(resultOfOutcome).join(', ')}`, outcome);
    const { followed } = this.#open;
    const state = followed.rule.board.states.get(node.id);
    if (state !== undefined) followed.report(state, result, this.#host.calls.clock.now());
  }

  async call<T>(
    use: (node: RemoteNode, signal: AbortSignal) => Promise<T>,
    policy?: CallPolicy & { readonly outcomeOf?: ((error: unknown) => Outcome) | undefined },
  ): Promise<T> {
    this.#refuseClosed();
    const own = parsePolicy(policy, this.#open.followed.settings.policy);
    checkKnown(policy, 'call', 'policy');
    // The caller's function gets a signal in any case, so the deadline over all attempts costs nothing more.
    const settings = { ...own, timeoutMs: own.timeoutMs ?? defaultCallTimeoutMs };
    const job = new UseJob(use, settings.idempotent ?? false, policy?.outcomeOf);
    return run(job, this.#open, settings, this.#host.calls);
  }

  async fetch(path: string, init?: FetchInit): Promise<Response> {
    if (typeof path !== 'string' || !path.startsWith('/')) throw invalid('path', 'a path that begins with /', path);
    // Only path and query are used; the host is the node's address.
    return this.#host.fetchAt(this.#open, new URL(`http://service${path}`), init);
  }

  #choose(key: string | undefined, tried: ReadonlySet<string> | undefined): NodeState {
    this.#refuseClosed();
    const state = this.#open.choose(key, tried);
    if (state === undefined) throw this.#open.noNode();
    return state;
  }

  #refuseClosed(): void {
    if (this.#host.isClosed) throw closedError();
  }
}

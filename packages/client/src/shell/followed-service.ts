import type { DeleteReason, Registry, RegistryError, Service, WatchEvent } from '@rollcall/core';
import { RegistryError as Failure } from '@rollcall/core';
import { compare, inBackground } from '@rollcall/core/adapter';
import type { ServiceState } from '../contract.ts';
import { rebuildPauseMs } from '../defaults.ts';
import type { RemoteNode } from '../picking.ts';
import type { Result } from '../rule/health.ts';
import type { NodeState } from '../rule/node-state.ts';
import { ServiceRule } from '../rule/service-rule.ts';
import { rankOf } from '../select/view.ts';
import type { ServiceSettings } from '../settings/client-settings.ts';
import { serviceChannel } from './diagnostics.ts';
import { toRemoteNode } from './remote-node.ts';
import type { Shell } from './shell.ts';
import { Waiters } from './waiters.ts';

/** One service: its watch, its rule and its timers. */
export class FollowedService {
  readonly name: string;
  readonly rule: ServiceRule;
  readonly settings: ServiceSettings;
  readonly waiters: Waiters = new Waiters();
  /** Whole milliseconds, from the last event, acquire or release. */
  nowMs: number;
  /** A number that changes when views must be rebuilt, at most once per 10 ms. */
  serial = 0;
  /** Why the registry is lost. */
  error: RegistryError | undefined;
  /** Probes under way or queued. */
  asking = 0;
  readonly #shell: Shell;
  readonly #stop = new AbortController();
  #removed: { readonly id: string; readonly reason: DeleteReason }[] = [];
  #sorted: readonly NodeState[] = [];
  #sortedAt = -1;
  #builtAt = -1;
  #hasBuiltNodes = false;
  #builtAtMs: number = Number.NEGATIVE_INFINITY;
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #lostAtMs: number | undefined;
  #hasBeenSynced = false;
  #status: ServiceState['status'] = 'connecting';

  constructor(name: string, settings: ServiceSettings, shell: Shell) {
    this.name = name;
    this.settings = settings;
    this.#shell = shell;
    this.nowMs = Math.floor(shell.clock.now());
    this.rule = new ServiceRule(settings.limits, () => shell.random(1_000) / 1_000);
  }

  get status(): ServiceState['status'] {
    return this.#status;
  }

  get staleMs(): number {
    return this.#lostAtMs === undefined || this.#status !== 'stale' ? 0 : this.#shell.clock.now() - this.#lostAtMs;
  }

  /** Whether the registry has ever told the whole state. */
  get hasBeenSynced(): boolean {
    return this.#hasBeenSynced;
  }

  get isClosed(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Whether the registry has answered, or has reported that it cannot. */
  get hasHeard(): boolean {
    return this.#hasBeenSynced || this.error !== undefined || this.isClosed;
  }

  /** Restores nodes of the last run, before the registry answers. */
  restore(nodes: readonly RemoteNode[]): void {
    for (const node of nodes) this.rule.restore(node, this.nowMs);
    if (nodes.length > 0) this.#turn();
  }

  /** Follows the registry until {@link close}. */
  async follow(registry: Promise<Registry>): Promise<void> {
    const { signal } = this.#stop;
    try {
      const opened = await registry;
      if (signal.aborted) return;
      const watcher = opened.watch({ name: this.name, signal });
      inBackground(watcher);
      for await (const event of watcher) this.#take(event);
      if (!signal.aborted) this.#lost(new Failure('CLOSED', 'the registry was closed'));
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      const wrapped = new Failure('UNAVAILABLE', `the registry could not be opened: ${text}`, { cause });
      if (!signal.aborted) this.#lost(Failure.is(cause) ? cause : wrapped);
    }
  }

  /** Sorted by id. */
  sorted(): readonly NodeState[] {
    const { states, rollVersion } = this.rule.board;
    if (rollVersion === this.#sortedAt) return this.#sorted;
    this.#sortedAt = rollVersion;
    for (const state of states.values()) state.rank ||= rankOf(this.#shell.clientId, state.id);
    this.#sorted = [...states.values()].sort((a, b) => compare(a.id, b.id));
    return this.#sorted;
  }

  /** Notes that an attempt begins; returns its start. */
  begin(state: NodeState): number {
    const startedAtMs = this.#shell.clock.now();
    this.nowMs = Math.floor(startedAtMs);
    state.pending += 1;
    return startedAtMs;
  }

  /** Takes the result of an attempt. */
  end(state: NodeState, result: Result, startedAtMs: number): void {
    const nowMs = this.#shell.clock.now();
    state.pending -= 1;
    this.report(state, result, nowMs, nowMs - startedAtMs);
  }

  elapsedMs(sinceMs: number): number {
    return this.#shell.clock.now() - sinceMs;
  }

  /** Records the result of a request. */
  report(state: NodeState, result: Result, nowMs: number, latencyMs?: number): void {
    this.nowMs = Math.floor(nowMs);
    this.rule.report(state, result, nowMs, latencyMs);
    const { board } = this.rule;
    if (board.version !== this.#builtAt || board.hasAsks) this.#turn();
  }

  /** Notes that a request has had no answer for a while. */
  stuck(state: NodeState, sinceMs: number): void {
    this.rule.stuck(state, sinceMs);
    if (this.rule.board.hasAsks) this.#turn();
  }

  close(): void {
    this.#stop.abort();
    this.#timer?.cancel();
    this.waiters.check();
  }

  #take(event: WatchEvent): void {
    const nowMs = this.#now();
    if (event.type === 'delete') {
      for (const { id } of event.service.nodes) this.#removed.push({ id, reason: event.reason });
      // Removals that come together are judged together.
      if (this.#removed.length === event.service.nodes.length) this.#shell.clock.setTimer(0, () => this.#turn());
      return;
    }
    this.#remove(nowMs);
    if (event.type === 'interrupted') this.#lost(event.error);
    else if (event.type === 'synced') this.#synced(nowMs);
    else this.#put(event.service, nowMs);
  }

  #put(service: Service, nowMs: number): void {
    for (const node of service.nodes) this.rule.put(toRemoteNode(service, node), nowMs);
    // Thousands of events may follow, so they are processed together. A caller that has nothing to pick waits for the
    // first.
    this.#schedule(nowMs + (this.#builtAt === -1 ? 0 : 1));
  }

  #remove(nowMs: number): void {
    const removed = this.#removed;
    if (removed.length === 0) return;
    this.#removed = [];
    this.rule.remove(removed, nowMs);
  }

  #synced(nowMs: number): void {
    if (this.#lostAtMs !== undefined && this.#hasBeenSynced)
      this.#shell.lines.synced(this.name, nowMs - this.#lostAtMs);
    this.#lostAtMs = undefined;
    this.error = undefined;
    this.#hasBeenSynced = true;
    this.rule.synced(nowMs);
    // The nodes may be the same as before, but the snapshot file must record that the registry has confirmed them.
    this.rule.board.changed();
    this.#turn();
  }

  #lost(error: RegistryError): void {
    const nowMs = this.#now();
    this.rule.interrupted(nowMs);
    if (this.#lostAtMs === undefined) this.#shell.lines.lost(this.name, error, this.rule.board.states.size);
    this.#lostAtMs ??= nowMs;
    this.error = error;
    this.#turn();
  }

  #now(): number {
    const nowMs = this.#shell.clock.now();
    this.nowMs = Math.floor(nowMs);
    return nowMs;
  }

  /** Carries out the decisions of the rule, and sets the timer for the next one. */
  #turn(): void {
    if (this.#stop.signal.aborted) return;
    const nowMs = this.#now();
    const { board } = this.rule;
    this.#remove(nowMs);
    if (board.nextAtMs <= nowMs) this.rule.tick(nowMs);
    this.#ask();
    this.#tell();
    if (board.version !== this.#builtAt) this.#rebuild(nowMs);
    this.#updateStatus();
    this.waiters.check();
    if (board.nextAtMs < Number.POSITIVE_INFINITY) this.#schedule(board.nextAtMs);
  }

  #ask(): void {
    const { prober } = this.#shell;
    for (let asks = this.rule.board.takeAsks(); asks.length > 0; asks = this.rule.board.takeAsks())
      for (const state of asks) {
        // Where probes are blocked, a node counts as reachable until a request says otherwise.
        const isBelieved = state.asking !== 'alarm' && state.asking !== 'stuck' && state.asking !== 'recall';
        if (prober === undefined) this.rule.answered(state, isBelieved ? 'connected' : 'unknown', this.nowMs);
        else {
          this.asking += 1;
          prober.ask(state.node, (answer) => {
            this.asking -= 1;
            this.rule.answered(state, answer, this.#shell.clock.now());
            this.#turn();
          });
        }
      }
  }

  #tell(): void {
    const facts = this.rule.board.takeFacts();
    if (facts.length === 0) return;
    this.#shell.lines.facts(this.name, facts, this.rule.board.states.size);
    if (!serviceChannel.hasSubscribers) return;
    for (const { type, state, why } of facts)
      serviceChannel.publish({ service: this.name, event: type, node: state.node, why });
  }

  #rebuild(nowMs: number): void {
    const dueMs = this.#builtAtMs + rebuildPauseMs;
    // Callers that found nothing are told of the first nodes at once.
    if (nowMs < dueMs && this.#hasBuiltNodes) {
      this.#schedule(dueMs);
      return;
    }
    this.#builtAtMs = nowMs;
    this.#hasBuiltNodes = this.rule.board.states.size > 0;
    this.#builtAt = this.rule.board.version;
    this.serial += 1;
    this.#shell.changed(this.name);
  }

  #updateStatus(): void {
    const status = this.#currentStatus();
    if (status === this.#status) return;
    this.#status = status;
    if (serviceChannel.hasSubscribers) serviceChannel.publish({ service: this.name, event: 'status', status });
    this.#shell.statusChanged(this.name);
  }

  #currentStatus(): ServiceState['status'] {
    if (!this.#hasBeenSynced) return this.rule.hasRestored ? 'restored' : 'connecting';
    if (this.#lostAtMs !== undefined) return 'stale';
    return this.rule.suspects > 0 ? 'holding' : 'live';
  }

  #schedule(atMs: number): void {
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    const cancel = this.#shell.clock.setTimer(Math.max(0, atMs - this.#shell.clock.now()), () => {
      this.#timer = undefined;
      this.#turn();
    });
    this.#timer = { atMs, cancel };
  }
}

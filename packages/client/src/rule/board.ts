/** What the parts of the rule share: the nodes, the decisions, which nodes to ask, and when to look again. */
import type { AskReason, NodeState } from './node-state.ts';

/** A decision about a node. `listed`: a suspect is back on the roll. `gone`: `why` says how it left. */
export interface Fact {
  readonly type: 'suspect' | 'gone' | 'eject' | 'trial' | 'back' | 'listed';
  readonly state: NodeState;
  readonly why?: string | undefined;
  /** Length of an ejection. */
  readonly lastsMs?: number | undefined;
  /** Whether an ejected node was out already. */
  readonly isAgain?: boolean | undefined;
}

/** A new question replaces an earlier one about the same node only if its answer decides more. */
const outranks: ReadonlySet<AskReason> = new Set(['readmit', 'recall']);

/** The shared record of one service; only the parts of the rule write to it. */
export class Board {
  readonly states: Map<string, NodeState> = new Map();
  #facts: Fact[] = [];
  #asks: NodeState[] = [];
  #nextAtMs: number = Number.POSITIVE_INFINITY;
  #version = 0;
  #rollVersion = 0;

  /** A number that changes with everything that a selection depends on. */
  get version(): number {
    return this.#version;
  }

  /** A number that changes when a node joins or leaves. */
  get rollVersion(): number {
    return this.#rollVersion;
  }

  get hasAsks(): boolean {
    return this.#asks.length > 0;
  }

  /** When the rule must be told the time again. */
  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  changed(): void {
    this.#version += 1;
  }

  add(state: NodeState): void {
    this.states.set(state.id, state);
    this.#rollVersion += 1;
    this.changed();
  }

  delete(state: NodeState): void {
    this.states.delete(state.id);
    this.#rollVersion += 1;
    this.changed();
  }

  tell(type: Fact['type'], state: NodeState, more: Omit<Fact, 'type' | 'state'> = {}): void {
    this.#facts.push({ type, state, ...more });
    this.changed();
  }

  /** Asks a node by TCP; at most one question at a time. */
  ask(state: NodeState, why: AskReason): void {
    if (state.asking === undefined) this.#asks.push(state);
    if (state.asking === undefined || outranks.has(why)) state.asking = why;
  }

  schedule(atMs: number): void {
    this.#nextAtMs = Math.min(this.#nextAtMs, atMs);
  }

  /** Forgets the scheduled time. The caller looks at every node now, and must schedule what comes next. */
  rescheduled(): void {
    this.#nextAtMs = Number.POSITIVE_INFINITY;
  }

  takeFacts(): readonly Fact[] {
    if (this.#facts.length === 0) return this.#facts;
    const facts = this.#facts;
    this.#facts = [];
    return facts;
  }

  takeAsks(): readonly NodeState[] {
    if (this.#asks.length === 0) return this.#asks;
    const asks = this.#asks;
    this.#asks = [];
    return asks;
  }
}

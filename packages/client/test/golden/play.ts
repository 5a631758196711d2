/** Plays the inputs of a transcript into the rule under a virtual clock, and writes down what the rule says. */
import type { DeleteReason } from '@rollcall/core';
import type { RemoteNode } from '../../src/picking.ts';
import type { Result } from '../../src/rule/health.ts';
import type { NodeState } from '../../src/rule/node-state.ts';
import { ServiceRule } from '../../src/rule/service-rule.ts';
import { defaultLimits } from '../../src/settings/limits.ts';
import type { Transcript } from './transcript.ts';

type Network = 'ok' | 'refuse' | 'lost';
const results: Readonly<Record<string, Result>> = {
  ok: 'ok',
  error: 'failed',
  refused: 'refused',
  stranger: 'answered',
};
const probeMs: Readonly<Record<Network, number>> = { ok: 0, refuse: 0, lost: 1_000 };

interface Planned {
  readonly atMs: number;
  readonly act: () => void;
}

export function remoteNode(id: string, isLate = false): RemoteNode {
  const address = `192.0.2.1:${1_000 + Number(id)}`;
  const common = { id, address, metadata: {}, service: 's', version: '', host: '192.0.2.1', port: 80 };
  return { ...common, zone: '', weight: 1, ...(isLate ? { late: true } : {}) };
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
const seconds = (ms: number): string => `${Math.round(ms) / 1_000}`;

class Stage {
  readonly rule = new ServiceRule(defaultLimits, () => 0.5);
  readonly network = new Map<string, Network>();
  readonly said: { atMs: number; what: string; ids: string[]; note: string }[] = [];
  nowMs = 0;
  #plan: Planned[] = [];

  at(atMs: number, act: () => void): void {
    const index = this.#plan.findIndex((planned) => planned.atMs > atMs);
    this.#plan.splice(index === -1 ? this.#plan.length : index, 0, { atMs, act });
  }

  run(): void {
    for (;;) {
      const next = this.#plan[0]?.atMs ?? Number.POSITIVE_INFINITY;
      const due = this.rule.board.nextAtMs;
      // The rule's due work runs first, so that a question at the same moment sees its effect.
      if (due <= next && next < Number.POSITIVE_INFINITY) {
        this.nowMs = Math.max(this.nowMs, due);
        this.rule.tick(this.nowMs);
      } else {
        const planned = this.#plan.shift();
        if (planned === undefined) return;
        this.nowMs = planned.atMs;
        planned.act();
      }
      this.#drain();
    }
  }

  #drain(): void {
    this.#note();
    for (const state of this.rule.board.takeAsks()) this.#probe(state);
    this.#note();
  }

  #probe(state: NodeState): void {
    const network = this.network.get(state.id) ?? 'ok';
    const answer = network === 'ok' ? 'connected' : network === 'refuse' ? 'refused' : 'unreachable';
    if (probeMs[network] > 0) {
      this.at(this.nowMs + probeMs[network], () => this.rule.answered(state, answer, this.nowMs));
      return;
    }
    this.rule.answered(state, answer, this.nowMs);
    this.#drain();
  }

  #note(): void {
    for (const { type, state, why, lastsMs } of this.rule.board.takeFacts()) {
      const ended = type === 'gone' && why !== undefined ? ` (${why})` : '';
      const note = lastsMs === undefined ? ended : ` (${Math.round(lastsMs / 1_000)} s)`;
      const last = this.said.at(-1);
      if (last?.atMs === this.nowMs && last.what === type && last.note === note) last.ids.push(state.id);
      else this.said.push({ atMs: this.nowMs, what: type, ids: [state.id], note });
    }
  }
}

function input(stage: Stage, atMs: number, text: string): void {
  const [, command = '', rest = ''] = /^(\w+) ?(.*)$/.exec(text) ?? [];
  const { rule } = stage;
  if (command === 'network') {
    const all = words(rest);
    const to = all.pop() as Network;
    stage.at(atMs, () => void all.forEach((id) => void stage.network.set(id, to)));
  } else if (command === 'removed') {
    const [, ids = '', reason = ''] = /^(.*) \((\w+)\)$/.exec(rest) ?? [];
    const removed = words(ids).map((id) => ({ id, reason: reason as DeleteReason }));
    stage.at(atMs, () => rule.remove(removed, stage.nowMs));
  } else if (command === 'listed' || command === 'late') {
    const nodes = words(rest).map((id) => remoteNode(id, command === 'late'));
    stage.at(atMs, () => void nodes.forEach((node) => void rule.put(node, stage.nowMs)));
  } else if (command === 'feed') {
    stage.at(atMs, () => (rest === 'interrupted' ? rule.interrupted(stage.nowMs) : rule.synced(stage.nowMs)));
  } else if (command === 'report') report(stage, atMs, rest);
  else throw new Error(`an input that no scenario knows: ${text}`);
}

function report(stage: Stage, atMs: number, text: string): void {
  const [what = '', every, until] = text.split(/, every | s until /);
  const ids = words(what);
  const result = results[ids.pop() ?? ''] ?? 'cancelled';
  const stepMs = every === undefined ? Number.POSITIVE_INFINITY : Number(every) * 1_000;
  const untilMs = until === undefined ? atMs : Number(until) * 1_000;
  for (let time = atMs; time <= untilMs; time += stepMs)
    for (const id of ids)
      stage.at(time, () => {
        const state = stage.rule.board.states.get(id);
        if (state !== undefined) stage.rule.report(state, result, stage.nowMs);
      });
}

/** The nodes from which the client picks. */
function first(rule: ServiceRule): readonly string[] {
  const states = [...rule.board.states.values()];
  const isIn = (state: NodeState, ...tiers: readonly string[]): boolean => tiers.includes(state.tier);
  const up = states.filter((state) => isIn(state, 'up'));
  const unproven = states.filter((state) => isIn(state, 'unproven'));
  const tier = up.length > 0 ? up : unproven.length > 0 ? unproven : states;
  return tier.map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
}

function listAtFirst(stage: Stage, { title, nodes, lines }: Transcript): void {
  const begin = Math.min(...lines.map(({ at }) => at).filter(Number.isFinite)) * 1_000;
  stage.nowMs = begin;
  const lastAnswerMs = title.includes('older than 10 s') ? -11_000 : -1_500;
  for (let id = 0; id < nodes; id += 1) stage.rule.put(remoteNode(`${id}`), begin);
  stage.rule.synced(begin);
  for (const state of stage.rule.board.takeAsks()) stage.rule.answered(state, 'connected', begin);
  for (const state of stage.rule.board.states.values()) state.lastGoodMs = lastAnswerMs;
  stage.rule.tick(begin);
}

/** The output of the rule in a scenario, in the format of the transcript. */
export function play(transcript: Transcript): readonly string[] {
  const stage = new Stage();
  for (const { at, isInput, text } of transcript.lines)
    if (isInput && at === Number.NEGATIVE_INFINITY) input(stage, at, text);
  listAtFirst(stage, transcript);
  const begin = stage.nowMs;
  for (const { at, isInput, text } of transcript.lines) {
    const atMs = Math.round(at * 1_000);
    if (isInput) input(stage, Math.max(begin, atMs), text);
    else if (text.startsWith('first: ') || text.startsWith('view '))
      stage.at(atMs, () => {
        const isView = text.startsWith('view ');
        const known = [...stage.rule.board.states.keys()].sort((a, b) => Number(a) - Number(b));
        const ids = isView ? (known.length === 0 ? ['empty'] : known) : [...first(stage.rule)];
        stage.said.push({ atMs, what: isView ? 'view' : 'first:', ids, note: '' });
      });
  }
  stage.run();
  return stage.said.map(({ atMs, what, ids, note }) => `${seconds(atMs)} ${what} ${ids.join(' ')}${note}`);
}

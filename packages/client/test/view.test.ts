import { describe, expect, it } from 'vitest';
import type { SelectOptions } from '../src/index.ts';
import { byKey, byRandom } from '../src/index.ts';
import { NodeState } from '../src/rule/node-state.ts';
import { Picker } from '../src/select/picker.ts';
import { buildView, emptyView } from '../src/select/view.ts';
import { parseSelect } from '../src/settings/selecting.ts';

interface Sketch {
  readonly version?: string;
  readonly zone?: string;
  readonly weight?: number;
  readonly tier?: 'up' | 'unproven' | 'ejected' | 'unreachable';
}

function state(id: string, { version = '1.0.0', zone = '', weight = 1, tier = 'up' }: Sketch): NodeState {
  const place = { id, address: '192.0.2.1:80', metadata: {}, service: 's', host: '192.0.2.1', port: 80 };
  const made = new NodeState({ ...place, version, zone, weight }, 0);
  made.isProven = tier === 'up';
  if (tier === 'ejected') made.ejection = { kind: 'failed', untilMs: 9, isOnTrial: false };
  if (tier === 'unreachable') made.ejection = { kind: 'unreachable', untilMs: 9, isOnTrial: false };
  return made;
}

const service = (nodes: Readonly<Record<string, Sketch>>): NodeState[] =>
  Object.entries(nodes).map(([id, sketch]) => state(id, sketch));

function pickerOf(states: readonly NodeState[], options: SelectOptions, subsetSize = 0): Picker {
  const picker = new Picker((below) => Math.floor(Math.random() * below));
  picker.view = buildView(states, parseSelect({ strategy: byRandom, ...options }, subsetSize), emptyView);
  return picker;
}

function shareOf(picker: Picker, isWanted: (state: NodeState) => boolean, keys?: readonly string[]): number {
  const picks = 8_000;
  let wanted = 0;
  for (let pick = 0; pick < picks; pick += 1) {
    const picked = picker.pick(keys?.[pick % keys.length], pick);
    if (picked !== undefined && isWanted(picked)) wanted += 1;
  }
  return wanted / picks;
}

const picked = (picker: Picker): string[] => {
  const ids = new Set<string>();
  for (let pick = 0; pick < 500; pick += 1) ids.add(picker.pick(undefined, pick)?.id ?? 'none');
  return [...ids].sort();
};

describe('a view', () => {
  it('a pick comes from the first tier with a node, and from the last two tiers together', () => {
    const rest = { u: { tier: 'unproven' }, e: { tier: 'ejected' }, x: { tier: 'unreachable' } } as const;
    expect(picked(pickerOf(service({ a: {}, ...rest }), {}))).toEqual(['a']);
    expect(picked(pickerOf(service(rest), {}))).toEqual(['u']);
    expect(picked(pickerOf(service({ e: rest.e, x: rest.x }), {}))).toEqual(['e', 'x']);
    expect(picked(pickerOf([], {}))).toEqual(['none']);
  });

  it('a node of weight 0 is used only when no other is left', () => {
    expect(picked(pickerOf(service({ a: {}, z: { weight: 0 } }), {}))).toEqual(['a']);
    expect(picked(pickerOf(service({ a: { tier: 'unreachable' }, z: { weight: 0 } }), {}))).toEqual(['z']);
  });

  it('a view never holds nodes that version or filter excludes, and a filter that throws excludes the node', () => {
    const nodes = service({ a: { version: '1.0.0' }, b: { version: '2.1.0' }, c: { version: '2.0.0' } });
    expect(picked(pickerOf(nodes, { version: '^2' }))).toEqual(['b', 'c']);
    expect(picked(pickerOf(nodes, { filter: ({ id }) => id === 'zz' }))).toEqual(['none']);
    const filter = ({ id }: { readonly id: string }): boolean => {
      if (id === 'a') throw new Error('x');
      return true;
    };
    expect(picked(pickerOf(nodes, { filter }))).toEqual(['b', 'c']);
  });

  it('a canary gets its share of picks; a key stays on one side, and a side without nodes gets no picks', () => {
    const nodes = service({ a: {}, b: {}, c: { version: '2.0.0' } });
    const isCanary = ({ node }: NodeState): boolean => node.version === '2.0.0';
    const picker = pickerOf(nodes, { split: { '2': 0.1 } });
    expect(shareOf(picker, isCanary)).toBeCloseTo(0.1, 1);
    const keys = Array.from({ length: 4_000 }, (_, index) => `user-${index}`);
    expect(shareOf(picker, isCanary, keys)).toBeCloseTo(0.1, 1);
    for (const key of keys.slice(0, 50)) {
      const sides = new Set(
        Array.from({ length: 20 }, (_, at) => picker.pick(key, at)).map((one) => one && isCanary(one)),
      );
      expect(sides.size).toBe(1);
    }
    expect(shareOf(pickerOf(nodes.slice(0, 2), { split: { '2': 0.1 } }), isCanary)).toBe(0);
    expect(shareOf(pickerOf(nodes.slice(2), { split: { '2': 0.1 } }), isCanary)).toBe(1);
  });

  it("picks stay in the caller's zone until too many of its nodes are down, then other zones get the missing share", () => {
    const isHome = ({ node }: NodeState): boolean => node.zone === 'a';
    const of = (down: number): NodeState[] =>
      service(
        Object.fromEntries(
          Array.from({ length: 20 }, (_, index): [string, Sketch] => [
            `n${index}`,
            { zone: index < 10 ? 'a' : 'b', tier: index < down ? 'unreachable' : 'up' },
          ]),
        ),
      );
    expect(shareOf(pickerOf(of(2), { zone: 'a' }), isHome)).toBe(1);
    expect(shareOf(pickerOf(of(5), { zone: 'a' }), isHome)).toBeCloseTo(0.7, 1);
    expect(shareOf(pickerOf(of(10), { zone: 'a' }), isHome)).toBe(0);
    expect(shareOf(pickerOf(of(8), { zone: { name: 'a', minNodes: 3 } }), isHome)).toBeCloseTo(2 / 12, 1);
  });

  it('a client uses at most subsetSize nodes, and takes the next in its order when one drops out', () => {
    const nodes = Array.from({ length: 20 }, (_, index) => state(`n${index}`, {}));
    for (const [index, node] of nodes.entries()) node.rank = index;
    expect(picked(pickerOf(nodes, {}, 3))).toEqual(['n0', 'n1', 'n2']);
    const [, second] = nodes;
    if (second !== undefined) second.isProven = false;
    expect(picked(pickerOf(nodes, {}, 3))).toEqual(['n0', 'n2', 'n3']);
  });

  it('a node on trial gets one request at a time, and an ejected node gets none', () => {
    const nodes = service({ a: {}, t: {} });
    const picker = pickerOf(nodes, {});
    const [, trial] = nodes;
    if (trial !== undefined) trial.ejection = { kind: 'failed', untilMs: 0, isOnTrial: true };
    expect(picked(picker)).toEqual(['a', 't']);
    if (trial !== undefined) trial.pending = 1;
    expect(picked(picker)).toEqual(['a']);
    if (trial !== undefined) trial.ejection = { kind: 'unreachable', untilMs: 9, isOnTrial: false };
    expect(picked(picker)).toEqual(['a']);
    const unproven = service({ a: { tier: 'unproven' }, b: { tier: 'unproven' } });
    const early = pickerOf(unproven, {});
    const [first] = unproven;
    if (first !== undefined) first.ejection = { kind: 'unreachable', untilMs: 9, isOnTrial: false };
    expect(picked(early)).toEqual(['b']);
  });

  it('a call goes back to a node that it has tried only when no other node is left, not even in a worse tier', () => {
    const nodes = service({ a: {}, b: {}, x: { tier: 'unreachable' } });
    const picker = pickerOf(nodes, { strategy: byKey() });
    const tried = new Set<string>();
    for (let step = 0; step < 3; step += 1) tried.add(picker.pick('k', 0, tried)?.id ?? '');
    expect([...tried].slice(0, 2).sort()).toEqual(['a', 'b']);
    expect(tried.has('x')).toBe(true);
    expect(tried.has(picker.pick('k', 0, tried)?.id ?? '')).toBe(true);
  });
});

/** Which nodes are used and how, from the options of the client, of the service and of `service()`. */
import type { SelectOptions, ZoneOptions } from '../options.ts';
import type { Choose, RemoteNode, Strategy } from '../picking.ts';
import { parseRange } from '../select/version-range.ts';
import type { Selecting } from '../select/view.ts';
import { byKey } from '../strategy/by-key.ts';
import { byLoad } from '../strategy/by-load.ts';
import { integerIn, invalid, numberIn, objectAt, typed } from './check.ts';

/** Spilling to other zones starts when more than 1 - 1/1.4 = 28 % of the zone is down. */
const defaultOverprovision = 1.4;

function parseZone(zone: string | ZoneOptions | undefined, field: string): Selecting['zone'] {
  if (zone === undefined || zone === '') return undefined;
  if (typeof zone === 'string') return { name: zone, overprovision: defaultOverprovision, minNodes: 1 };
  const given = objectAt(zone, field) ?? {};
  const name = typed(given.name, `${field}.name`, 'string');
  if (typeof name !== 'string' || name === '') throw invalid(`${field}.name`, 'a name that is not empty', name);
  return {
    name,
    overprovision: numberIn(given.overprovision, `${field}.overprovision`, [1, 10], defaultOverprovision),
    minNodes: integerIn(given.minNodes, `${field}.minNodes`, [1, 1_000_000], 1),
  };
}

function parseSplit(split: SelectOptions['split'], field: string): Selecting['split'] {
  const sides = Object.entries(objectAt(split, field) ?? {}).map(([range, share]) => ({
    matches: parseRange(range),
    share: numberIn(share, `${field}[${JSON.stringify(range)}]`, [0, 1], 0),
  }));
  const sum = sides.reduce((total, { share }) => total + share, 0);
  if (sum > 1 + 1e-9) throw invalid(field, 'shares that add up to at most 1', sum);
  return sides;
}

/** A filter that throws excludes the node, so that it does not break every call. */
function guarded(filter: (node: RemoteNode) => boolean): (node: RemoteNode) => boolean {
  return (node) => {
    try {
      return filter(node);
    } catch {
      return false;
    }
  };
}

/** A strategy that throws fails the calls that it chooses for, and nothing else. */
function guardedStrategy(strategy: Strategy): Strategy {
  return (candidates) => {
    try {
      const choose: unknown = strategy(candidates);
      if (typeof choose !== 'function') throw invalid('strategy', 'a function that returns a function', choose);
      return choose as Choose;
    } catch (error) {
      return () => {
        throw error;
      };
    }
  };
}

/** Merges options of a selection, name by name. The last value that is not undefined wins. */
export function mergeSelect(...options: readonly (SelectOptions | undefined)[]): SelectOptions {
  const merged: Record<string, unknown> = {};
  for (const option of options)
    for (const [name, value] of Object.entries(option ?? {})) if (value !== undefined) merged[name] = value;
  return merged;
}

/**
 * Checks the options of a selection, and adds the defaults. Throws `INVALID_ARGUMENT`. `where` prefixes the names of
 * options.
 */
export function parseSelect(options: SelectOptions, subsetSize: number, where = ''): Selecting {
  const { version, filter, split, zone, strategy } = options;
  typed(version, `${where}version`, 'string');
  typed(filter, `${where}filter`, 'function');
  typed(strategy, `${where}strategy`, 'function');
  if ((strategy as unknown) === byKey)
    throw invalid(`${where}strategy`, 'byKey() with parentheses, which makes a strategy', 'byKey');
  const isInRange = version === undefined ? () => true : parseRange(version);
  const passes = filter === undefined ? () => true : guarded(filter);
  return {
    strategy: strategy === undefined ? byLoad : guardedStrategy(strategy),
    matches: (node) => isInRange(node.version) && passes(node),
    split: parseSplit(split, `${where}split`),
    zone: parseZone(zone, `${where}zone`),
    subsetSize,
  };
}

import { median } from '../load/measure.js';
import { rows } from '../phases/rows.js';
import { ours, ratioOf, valuesOf, write } from './report.js';

/** @typedef {import('./report.js').Run} Run */
/** @typedef {{ row: string, peer?: string, least?: number, aim?: number }} Aim `least`, `aim`: with a peer, a ratio to its figure; without, a figure. */

const [etcd, redis, floor] = ['etcd', 'Redis', '40-line server'];

/** The aims that the project set itself. @type {readonly Aim[]} */
const aims = [
  { row: 'renew', peer: etcd, least: 1.2, aim: 1.5 },
  { row: 'renew', peer: redis, least: 0.4, aim: 0.55 },
  { row: 'renew', peer: floor, least: 0.75 },
  { row: 'renewAll', peer: etcd, least: 6, aim: 12 },
  { row: 'renewAll', peer: redis, least: 1, aim: 2 },
  { row: 'get', peer: etcd, least: 6, aim: 10 },
  { row: 'get', peer: redis, least: 1.5, aim: 2.5 },
  { row: 'register100k', peer: etcd, least: 3, aim: 5 },
  { row: 'change1000', peer: etcd, least: 0.5, aim: 0.4 },
  { row: 'p99of1000', peer: etcd, least: 0.55, aim: 0.5 },
  { row: 'list', least: 0.2, aim: 0.1 },
  { row: 'memory100k', least: 1_500, aim: 900 },
  { row: 'rss1m', aim: 900 },
  { row: 'gcFull', aim: 150 },
  { row: 'crash', least: 100, aim: 50 },
  { row: 'crash100k', least: 100, aim: 50 },
  { row: 'idle', peer: etcd, least: 0.8, aim: 0.55 },
  { row: 'restart', peer: redis, least: 2, aim: 1.2 },
];

/** A cost is flat up to this many times the cost with one environment; a single run is too noisy for a closer bound. */
const flat = 2;

/** Lists each aim with its measured figure, and whether it is reached. @param {Run} run */
export function aimsTable({ peers, growth }) {
  const lines = aims.map((aim) => {
    const { name, unit, isLessBetter = false } = rows[aim.row] ?? { name: aim.row, unit: '' };
    const value = aim.peer === undefined ? median(valuesOf(peers, ours, aim.row)) : ratioOf(peers, aim.peer, aim.row);
    const show = (/** @type {number} */ each) =>
      aim.peer === undefined ? `${write(each, 2)} ${unit}` : `${write(each, 2)} x`;
    const bound = isLessBetter ? 'at most ' : '';
    const what = aim.peer === undefined ? name : `${name}, to ${aim.peer}`;
    const wanted = [what, ...[aim.least, aim.aim].map((each) => (each === undefined ? '-' : `${bound}${show(each)}`))];
    if (value === undefined || Number.isNaN(value)) return [...wanted, '-', 'not measured'];
    const holds = (/** @type {number | undefined} */ bar) =>
      bar !== undefined && (isLessBetter ? value <= bar : value >= bar);
    const verdict = holds(aim.aim) ? 'aim reached' : holds(aim.least) ? 'reached' : '**not reached**';
    return [...wanted, show(value), verdict];
  });
  const head = ['', 'wanted', 'aimed for', 'here', ''];
  return [head, head.map(() => '---'), ...lines, ...flatness(growth)]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
}

/** Compares the costs with a thousand environments and with one, from the growth table. @param {string} growth */
function flatness(growth) {
  const cells = growth.split('\n').map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
  const costs = (/** @type {string} */ shape, /** @type {string} */ what) => {
    const line = cells.find(([name]) => name === shape);
    return Number(line?.[cells[0]?.indexOf(what) ?? -1]);
  };
  return ['read', 'cancel'].map((what) => {
    const ratio = costs('10,000 / 1,000 / 1,000', what) / costs('10,000 / 1,000 / 1', what);
    const name = `${what} with 1,000 environments, to one environment`;
    if (Number.isNaN(ratio)) return [name, 'flat', '-', '-', 'not measured'];
    return [
      name,
      `flat (at most ${flat} x)`,
      '-',
      `${write(ratio, 2)} x`,
      ratio <= flat ? 'reached' : '**not reached**',
    ];
  });
}

import { median } from '../load/measure.js';
import { busyRows, clientRows, rows } from '../phases/rows.js';

/** @typedef {Readonly<Record<string, readonly import('../phases/rows.js').Figures[]>>} Results The rounds of each peer. */
/** @typedef {{ peers: Record<string, import('../phases/rows.js').Figures[]>, client: { own: import('../phases/rows.js').Figures[], beside: import('../phases/rows.js').Figures[] }, growth: string, failures: string[], machine: string }} Run The results of a whole run. */

/** The name of our server in the results. */
export const ours = 'rollcall';

/** @param {number} value @param {number} digits */
export const write = (value, digits) =>
  value >= 1_000
    ? Math.round(value).toLocaleString('en-US')
    : value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? Math.max(digits, 1) : digits });

/** Returns the figures of a peer in all rounds. @param {Results} results @param {string} peer @param {string} row */
export const valuesOf = (results, peer, row) =>
  (results[peer] ?? []).flatMap((figures) => (Number.isFinite(figures[row]) ? [figures[row] ?? 0] : []));

/** Formats a median with its range. @param {readonly number[]} values @param {number} digits */
function cell(values, digits) {
  if (values.length === 0) return '-';
  const range =
    values.length > 1 ? ` (${write(Math.min(...values), digits)}-${write(Math.max(...values), digits)})` : '';
  return `${write(median(values), digits)}${range}`;
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} lines Lines without a figure are left out. */
function markdown(head, lines) {
  const told = lines.filter((line) => line.slice(1).some((each) => each !== '-'));
  if (told.length === 0) return '';
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...told].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** Lists the medians with their ranges, and the number of rounds. @param {Results} results */
export function table(results) {
  const peers = Object.keys(results);
  const lines = Object.entries(rows).map(([key, { name, unit, digits = 0 }]) => {
    const all = peers.map((peer) => valuesOf(results, peer, key));
    const rounds = Math.max(0, ...all.map(({ length }) => length));
    return [`${name}, ${unit}`, ...all.map((values) => cell(values, digits)), rounds === 0 ? '-' : `${rounds}`];
  });
  return markdown(['', ...peers, 'rounds'], lines);
}

/** Lists the medians of our server divided by those of each peer. @param {Results} results */
export function ratios(results) {
  const peers = Object.keys(results).filter((peer) => peer !== ours);
  const lines = Object.entries(rows).map(([key, row]) => [
    `${row.name}${row.isLessBetter ? ' (less is better)' : ''}`,
    ...peers.map((peer) => {
      const ratio = ratioOf(results, peer, key);
      return ratio === undefined ? '-' : `${ratio.toFixed(2)} x`;
    }),
  ]);
  return markdown([`${ours} :`, ...peers], lines);
}

/** Divides our median by the peer's; returns undefined when one of them has no figure. @param {Results} results @param {string} peer @param {string} row */
export function ratioOf(results, peer, row) {
  const own = valuesOf(results, ours, rows[row]?.against ?? row);
  const other = valuesOf(results, peer, row);
  const ratio = own.length === 0 || other.length === 0 ? Number.NaN : median(own) / median(other);
  return Number.isFinite(ratio) ? ratio : undefined;
}

/** Lists the cores that the server and the load used; they show which of the two bounds a figure. @param {Results} results */
export function business(results) {
  const peers = Object.keys(results);
  const lines = busyRows.map((row) => [
    rows[row]?.name ?? row,
    ...peers.map((peer) => {
      const [server, load] = ['server', 'load'].map((side) => median(valuesOf(results, peer, `${row}:${side}`)));
      return Number.isFinite(server) ? `${server?.toFixed(2)} / ${load?.toFixed(2)}` : '-';
    }),
  ]);
  return markdown(['server / load', ...peers], lines);
}

/** Lists the client's figures beside those of the bare operations. @param {Run['client']} client */
export function clientTable({ own, beside }) {
  const lines = Object.entries(clientRows).map(([key, { name, unit, digits = 0, beside: what }]) => {
    const [mine, other] = [own, beside].map((rounds) => valuesOf({ rounds }, 'rounds', key));
    return [`${name}, ${unit}`, cell(mine ?? [], digits), cell(other ?? [], digits), mine?.length ? what : '-'];
  });
  return markdown(['', ours, 'beside', 'what is beside'], lines);
}

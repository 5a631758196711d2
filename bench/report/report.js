import { rows } from '../phases.js';
import { median } from '../wire/measure.js';

/** @typedef {Readonly<Record<string, readonly import('../phases.js').Figures[]>>} Results Rounds by peer. */

/** @param {number} value @param {number} digits */
const write = (value, digits) =>
  value >= 1_000
    ? Math.round(value).toLocaleString('en-US')
    : value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? Math.max(digits, 1) : digits });

/** @param {Results} results @param {string} peer @param {string} row */
export const valuesOf = (results, peer, row) =>
  (results[peer] ?? []).flatMap((figures) => (Number.isFinite(figures[row]) ? [figures[row] ?? 0] : []));

/** Medians with their ranges. @param {Results} results */
export function table(results) {
  const peers = Object.keys(results);
  const lines = Object.entries(rows).flatMap(([key, { name, unit, digits = 0 }]) => {
    const cells = peers.map((peer) => {
      const values = valuesOf(results, peer, key);
      if (values.length === 0) return '-';
      const range =
        values.length > 1 ? ` (${write(Math.min(...values), digits)}-${write(Math.max(...values), digits)})` : '';
      return `${write(median(values), digits)}${range}`;
    });
    return cells.every((cell) => cell === '-') ? [] : [`| ${name}, ${unit} | ${cells.join(' | ')} |`];
  });
  return [`| | ${peers.join(' | ')} |`, `|---|${peers.map(() => '---').join('|')}|`, ...lines].join('\n');
}

/** How many times ours is as good as each peer, by medians: above 1 is better than the peer. @param {Results} results @param {string} ours */
export function ratios(results, ours) {
  const peers = Object.keys(results).filter((peer) => peer !== ours);
  const lines = Object.entries(rows).flatMap(([key, row]) => {
    const cells = peers.map((peer) => {
      const ratio = ratioOf(results, ours, peer, key);
      return ratio === undefined ? '-' : `${ratio.toFixed(2)} x`;
    });
    return cells.every((cell) => cell === '-')
      ? []
      : [`| ${row.name}${row.isLessBetter ? ' (less is better)' : ''} | ${cells.join(' | ')} |`];
  });
  return [`| ${ours} : | ${peers.join(' | ')} |`, `|---|${peers.map(() => '---').join('|')}|`, ...lines].join('\n');
}

/** Ours divided by the peer's. @param {Results} results @param {string} ours @param {string} peer @param {string} row */
export function ratioOf(results, ours, peer, row) {
  const [own, other] = [valuesOf(results, ours, row), valuesOf(results, peer, row)];
  const ratio = own.length === 0 || other.length === 0 ? Number.NaN : median(own) / median(other);
  return Number.isFinite(ratio) ? ratio : undefined;
}

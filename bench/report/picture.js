import { median } from '../load/measure.js';
import { rows } from '../phases/rows.js';
import { valuesOf } from './report.js';

/** @typedef {import('./report.js').Results} Results */

const shown = ['register', 'renew', 'renewAll', 'get', 'change1000', 'memory100k'];
const [left, width, bar, gap] = [250, 460, 15, 26];
const colours = ['#1f6f5c', '#8b95a1', '#a9b2bc', '#c3cad1', '#d6dbe0', '#e5e8eb'];

/** Draws bars per row, each relative to the best figure of the row: a longer bar is better. @param {Results} results */
export function picture(results) {
  const peers = Object.keys(results);
  let y = 30;
  const parts = [];
  for (const key of shown) {
    const row = rows[key];
    const values = peers.map((peer) => median(valuesOf(results, peer, key)));
    if (row === undefined || !values.some(Number.isFinite)) continue;
    parts.push(text(10, y, row.name, 'font-weight="600"'));
    y += 8;
    const goodness = values.map((value) => (row.isLessBetter ? 1 / value : value));
    const best = Math.max(...goodness.filter(Number.isFinite));
    for (const [index, peer] of peers.entries()) {
      const value = values[index] ?? Number.NaN;
      if (!Number.isFinite(value)) continue;
      const length = Math.max(2, ((goodness[index] ?? 0) / best) * width);
      parts.push(text(left - 10, y + 12, peer, 'text-anchor="end"'));
      parts.push(
        `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${bar}" rx="2" fill="${colours[index] ?? '#eee'}"/>`,
      );
      const label = `${value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1)} ${row.unit}`;
      parts.push(text(left + length + 6, y + 12, label, 'fill="#555"'));
      y += bar + 4;
    }
    y += gap;
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 ${y}" font-family="system-ui, sans-serif" font-size="12">`;
  return `${head}\n<title>What each server does per second of its CPU</title>\n<rect width="900" height="${y}" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;
}

/** @param {number} x @param {number} y @param {string} content @param {string} style */
const text = (x, y, content, style) => `<text x="${x.toFixed(1)}" y="${y}" ${style}>${content}</text>`;

// Parses a source file, and walks over its syntax tree.
import { readFileSync } from 'node:fs';
import { parseSync } from 'oxc-parser';
import { root } from '../bootstrap.js';

/** @typedef {{ type: string, start: number, end: number, [field: string]: any }} Node */
/** @typedef {{ path: string, text: string, lines: number, program: Node, comments: readonly { value: string, type: string, start: number, end: number }[], lineOf: (offset: number) => number }} Source */

/** Reads and parses a file. @param {string} path relative to the root @returns {Source} */
export function read(path) {
  const text = readFileSync(`${root}${path}`, 'utf8');
  const { program, comments, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const lineOf = (/** @type {number} */ offset) => {
    const next = starts.findIndex((start) => start > offset);
    return next === -1 ? starts.length : next;
  };
  const tree = /** @type {Node} */ (/** @type {unknown} */ (program));
  return { path, text, lines: starts.length - 1, program: tree, comments, lineOf };
}

/**
 * Calls `visit` for every node with its ancestors, the nearest first.
 * @param {Node} node @param {(node: Node, ancestors: readonly Node[]) => void} visit @param {readonly Node[]} [ancestors]
 */
export function walk(node, visit, ancestors = []) {
  visit(node, ancestors);
  const inside = [node, ...ancestors];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value])
      if (typeof child === 'object' && child !== null && typeof child.type === 'string') walk(child, visit, inside);
  }
}

// Checks the links of the pages: a relative link must lead to a file, and its anchor to a heading of that file.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { root } from '../bootstrap.js';

/** The folders without pages of ours. */
const passedOver = new Set(['node_modules', 'dist', '.git', '.cache', '.docs-check', 'tarballs', '.data']);

/** Lists every page of the repository, by its path from the root. @param {string} [folder] @returns {string[]} */
export function allPages(folder = '') {
  return readdirSync(`${root}${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return passedOver.has(entry.name) ? [] : allPages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const withoutCode = (/** @type {string} */ text) => text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');

/** Lists the anchors that GitHub makes from the headings of a page. @param {string} text */
const anchorsOf = (text) =>
  [...text.replace(/^```.*?^```$/gms, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );

/** Lists the broken links of a page. @param {string} page @param {string} text */
export function brokenLinks(page, text) {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/i.test(link)) return [];
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page : join(dirname(page), decodeURI(file));
    if (!existsSync(`${root}${target}`)) return [`${page}: the link ${link} leads to no file`];
    if (anchor === undefined || statSync(`${root}${target}`).isDirectory()) return [];
    const anchors = anchorsOf(target === page ? text : readFileSync(`${root}${target}`, 'utf8'));
    return anchors.includes(anchor) ? [] : [`${page}: the link ${link} leads to no heading`];
  });
}

// Makes the table of adapters in README.md from the adapters' descriptors. Run it to write the table; the docs
// gate compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { root } from './bootstrap.js';
import { adapterFolders } from './packages.js';

const marked = /(<!-- capabilities: .*? -->\n)(.*?)(<!-- end of capabilities -->)/s;

/** Loads the descriptor of a built adapter. @param {string} folder @returns {Promise<import('@rollcall/core/adapter').AdapterDescriptor>} */
async function descriptorOf(folder) {
  return (await import(`${root}${folder}/dist/index.js`)).adapter;
}

/** Returns README.md with an up-to-date table. */
export async function withCapabilities() {
  const adapters = await Promise.all(adapterFolders.map(descriptorOf));
  const columns = Object.keys(adapters[0]?.capabilities ?? {});
  const row = (/** @type {readonly unknown[]} */ cells) =>
    `| ${cells.map((cell) => (cell === true ? 'yes' : cell === false ? 'no' : cell)).join(' | ')} |`;
  const rows = adapters.map(({ name, capabilities }) => row([name, ...Object.values(capabilities)]));
  const table = [`| | ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length + 1)}`, ...rows].join('\n');
  return readFileSync(`${root}README.md`, 'utf8').replace(marked, (_, start, _old, end) => `${start}${table}\n${end}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync(`${root}README.md`, await withCapabilities());

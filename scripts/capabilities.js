// The table of adapters in README.md, from the adapters themselves. Run it to write the table; the docs gate compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { root } from './bootstrap.js';

const marked = /(<!-- capabilities: .*? -->\n)(.*?)(<!-- end of capabilities -->)/s;

/** README.md as it should be. */
export async function withCapabilities() {
  const { memory, discovery } = await import('rollcall');
  const { etcd } = await import('@rollcall/etcd');
  const { consul } = await import('@rollcall/consul');
  const { mdns } = await import('@rollcall/mdns');
  const adapters = [memory(), mdns(), discovery(), etcd(), consul()];
  const columns = Object.keys(adapters[0]?.capabilities ?? {});
  const row = (/** @type {readonly unknown[]} */ cells) =>
    `| ${cells.map((cell) => (cell === true ? 'yes' : cell === false ? 'no' : cell)).join(' | ')} |`;
  const rows = adapters.map(({ name, capabilities }) => row([name, ...Object.values(capabilities)]));
  const table = [`| | ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length + 1)}`, ...rows].join('\n');
  return readFileSync(`${root}README.md`, 'utf8').replace(marked, (_, start, _old, end) => `${start}${table}\n${end}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync(`${root}README.md`, await withCapabilities());

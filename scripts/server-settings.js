// Makes the table of the server's settings in docs/running-the-server.md from the table by which the server reads its
// flags, variables and file. Run it to write the table; the docs gate compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { root } from './bootstrap.js';

const page = `${root}docs/running-the-server.md`;
const marked = /(<!-- server settings: .*? -->\n)(.*?)(<!-- end of server settings -->)/s;

async function table() {
  const { settingKeys, settingTable, nameOf, flagOf, variableOf, writeSetting } =
    /** @type {typeof import('../packages/cli/src/settings/server-settings.ts')} */
    (await import(`${root}packages/cli/dist/settings/server-settings.js`));
  const rows = settingKeys.map((key) => {
    const { argument, kind, help, byDefault } = settingTable[key];
    const flag = argument === undefined ? flagOf(key) : `${flagOf(key)} ${argument}`;
    const written = byDefault === undefined ? '' : `\`${writeSetting(key, byDefault)}\``;
    return `| \`${nameOf(key)}\` | \`${flag}\` | \`${variableOf(key)}\` | ${kind.allowed} | ${written} | ${help} |`;
  });
  const head = '| in the file | flag | variable | allowed | default | what it does |\n|---|---|---|---|---|---|';
  return [head, ...rows].join('\n');
}

/** Returns the page as it is, and with an up-to-date table. */
export async function settingsPage() {
  const made = await table();
  const text = readFileSync(page, 'utf8');
  const wanted = text.replace(marked, (_, start, _old, end) => `${start}${made}\n${end}`);
  return { text, wanted };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(page, (await settingsPage()).wanted);

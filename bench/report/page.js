import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { aimsTable } from './aims.js';
import { picture } from './picture.js';
import { business, clientTable, ratios, table } from './report.js';

/** @typedef {import('./report.js').Run} Run */

/** Formats the results as Markdown: each part by the name of its marks on the page. @param {Run} run @returns {Readonly<Record<string, string>>} */
export function sections(run) {
  const { peers, client, growth, failures, machine } = run;
  const left = failures.map((failure) => `- ${failure}`);
  return {
    measured: [machine, table(peers), ratios(peers)].filter((each) => each !== '').join('\n\n'),
    busy: [
      business(peers),
      ...(left.length === 0 ? [] : ['What failed, twice if there was time:', left.join('\n')]),
    ].join('\n\n'),
    client: clientTable(client),
    aims: aimsTable(run),
    growth,
  };
}

/** Writes the tables and the picture of docs/performance.md. @param {Run} run */
export function writePage(run) {
  const docs = (/** @type {string} */ name) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
  const page = Object.entries(sections(run)).reduce(
    (text, [mark, content]) =>
      content === ''
        ? text
        : text.replace(
            new RegExp(`<!-- ${mark} -->.*?<!-- end ${mark} -->`, 's'),
            () => `<!-- ${mark} -->\n${content}\n<!-- end ${mark} -->`,
          ),
    readFileSync(docs('performance.md'), 'utf8'),
  );
  writeFileSync(docs('performance.md'), page);
  writeFileSync(docs('performance.svg'), picture(run.peers));
}

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bin } from '../peers/rollcall.js';

const run = promisify(execFile);
const facade = new URL('../../packages/rollcall/dist/index.js', import.meta.url).href;

/** Measures how long a program runs, in milliseconds. @param {readonly string[]} args */
async function lasts(args) {
  const begun = performance.now();
  await run(process.execPath, args);
  return performance.now() - begun;
}

/** Measures how long imports take in a process of their own, in milliseconds. @param {readonly string[]} modules */
async function imports(modules) {
  const all = modules.map((name) => `await import(${JSON.stringify(name)});`).join('');
  const code = `const begun = performance.now(); ${all} console.log(performance.now() - begun)`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  return Number(stdout);
}

/** Measures the starts of processes, in milliseconds. @param {string} server */
export async function starts(server) {
  const nothing = await lasts(['--eval', '0']);
  return {
    own: {
      import: await imports([facade]),
      cli: await lasts([bin, '--version']),
      cliList: await lasts([bin, 'list', '--registry', 'discovery', '--registry-address', server]),
    },
    beside: { import: await imports(['node:http', 'node:crypto']), cli: nothing, cliList: nothing },
  };
}

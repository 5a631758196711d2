// Lists the packages of the workspace: packages/* and packages/adapters/*.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { root } from './bootstrap.js';

/** Every package folder, relative to the root, adapters last. */
export const packageFolders = ['packages', 'packages/adapters'].flatMap((parent) =>
  readdirSync(`${root}${parent}`)
    .map((folder) => `${parent}/${folder}`)
    .filter((folder) => existsSync(`${root}${folder}/package.json`)),
);

/** The folders of adapters. */
export const adapterFolders = packageFolders.filter((folder) => folder.startsWith('packages/adapters/'));

/** Reads the package.json of a folder. @param {string} folder */
export const manifestOf = (folder) => JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'));

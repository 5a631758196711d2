import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memory } from '../../adapters/memory/src/index.ts';
import { findAdapter } from '../src/registries/find-adapter.ts';

/** The source of an adapter that has a name and cannot do anything. */
const source = (name: string): string =>
  `export const adapter = { name: '${name}', create() {}, capabilities: {}, addresses: { kind: 'none' }, loopbackIsLocal: false, environment: [] };`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollcall-adapter-'));
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const pack = async (name: string, text: string): Promise<void> => {
    await put(`node_modules/${name}/package.json`, '{"type":"module","exports":"./index.js"}');
    await put(`node_modules/${name}/index.js`, text);
  };
  await pack('@rollcall/zoo', source('zoo'));
  await pack('rollcall-shelf', source('shelf'));
  await pack('@acme/board', source('board'));
  await pack('@rollcall/client', 'export const createClient = 1;');
  await put('own.js', source('own'));
  await put('broken.js', 'throw new Error("it does not load");');
  await put('package.json', '{"type":"module"}');
});
afterAll(() => rm(folder, { recursive: true }));

describe('an adapter is found', () => {
  const find = (name: string, registries = {}) => findAdapter(name, registries, { entry: undefined, cwd: folder });

  it.each([
    ['zoo', 'zoo'],
    ['shelf', 'shelf'],
    ['@acme/board', 'board'],
    ['./own.js', 'own'],
  ])('an adapter is found by the name %s', async (name, adapter) => expect((await find(name)).name).toBe(adapter));

  it('an adapter is found by an absolute path and by a URL', async () => {
    expect((await find(join(folder, 'own.js'))).name).toBe('own');
    expect((await find(pathToFileURL(join(folder, 'own.js')).href)).name).toBe('own');
  });

  it('an adapter is found from the entry file of the program when the working directory has none', async () => {
    const place = { entry: join(folder, 'main.js'), cwd: tmpdir() };
    expect((await findAdapter('zoo', {}, place)).name).toBe('zoo');
  });

  it('an adapter is looked for among the registries that code passes in before it is looked for as a package', async () => {
    const given = (await import(pathToFileURL(join(folder, 'own.js')).href)) as { readonly adapter: object };
    expect(await find('zoo', { zoo: given.adapter })).toBe(given.adapter);
  });

  it('a bare factory becomes an adapter with the capabilities of its registry', async () => {
    const adapter = await find('zoo', { zoo: memory });
    expect(adapter).toMatchObject({
      name: 'zoo',
      addresses: { kind: 'none' },
      loopbackIsLocal: false,
      environment: [],
    });
    expect(adapter.capabilities.crossProcess).toBe(false);
  });

  it.each([
    ['client', /client is not an adapter: .*must export `adapter`/],
    ['./package.json', /not an adapter|cannot be loaded/],
    ['./broken.js', /cannot be loaded from file:.*broken\.js: it does not load/],
    ['./missing.js', /there is no such file/],
    ['@acme/none', /npm install @acme\/none/],
    ['nothing', /npm install @rollcall\/nothing/],
    ['No Name', /must be the name of an adapter/],
  ])('a name that leads to %s is refused in one sentence', async (name, message) => {
    await expect(find(name)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
  });
});

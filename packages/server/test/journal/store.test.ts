import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { restoreBackup } from '../../src/journal/restore-backup.ts';
import type { Group } from '../../src/journal/store/group.ts';
import { StoreThread } from '../../src/journal/store/store-thread.ts';
import { newFolder, removeFolders } from './folders.ts';

const bin = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));
afterEach(removeFolders);

const group = (revision: number, over: Partial<Group> = {}): Group => ({
  entries: [[`e/web/n${revision}`, `instance ${revision}`]],
  changes: [[revision, `change ${revision}`]],
  forgetUpTo: 0,
  state: `state ${revision}`,
  ...over,
});

async function begun(folder: string): Promise<StoreThread> {
  const store = StoreThread.start(folder);
  await store.begin();
  return store;
}

async function written(groups: number): Promise<[StoreThread, folder: string]> {
  const folder = newFolder();
  const store = await begun(folder);
  for (let revision = 1; revision <= groups; revision += 1) await store.commit(group(revision));
  return [store, folder];
}

/** Makes a folder with a store of `groups` groups. */
async function filled(groups: number): Promise<string> {
  const [store, folder] = await written(groups);
  await store.close();
  return folder;
}

/** Makes the folder that a killed process leaves. */
async function killed(groups: number): Promise<string> {
  const [store, folder] = await written(groups);
  const left = newFolder();
  cpSync(folder, left, { recursive: true });
  await store.close();
  return left;
}

async function contentOf(folder: string) {
  const store = StoreThread.start(folder);
  const keys: string[] = [];
  const revisions: number[] = [];
  try {
    await store.read((part) => {
      keys.push(...part.entries.map(([key]) => key));
      revisions.push(...part.changes.map(([revision]) => revision));
    });
    await store.checked();
    return { ...(await store.opened), keys, revisions };
  } finally {
    await store.close();
  }
}

/** Changes the store's file. A process of its own does this, because the library closes a file late. */
function edit(folder: string, sql: string): void {
  const program = `const db = new (require('libsql'))('roll.db'); db.exec(${JSON.stringify(sql)});`;
  const library = createRequire(import.meta.url).resolve('libsql');
  execFileSync(process.execPath, ['-e', program.replace("'libsql'", JSON.stringify(library))], { cwd: folder });
}

describe('the store', () => {
  it('the store holds the written entries and changes, without those that were removed or forgotten', async () => {
    const folder = newFolder();
    const store = await begun(folder);
    expect(await store.opened).toEqual({ state: undefined, isCopy: false, wasCut: false, entries: 0 });
    for (const revision of [1, 2, 3]) await store.commit(group(revision));
    await store.commit(
      group(4, {
        entries: [
          ['e/web/n2', null],
          ['e/web/n3', 'other'],
        ],
        forgetUpTo: 2,
      }),
    );
    await store.close();
    expect(await contentOf(folder)).toEqual({
      state: 'state 4',
      isCopy: false,
      wasCut: false,
      entries: 2,
      keys: ['e/web/n1', 'e/web/n3'],
      revisions: [3, 4],
    });
  });

  it('the store reads back more entries than fit into one part', async () => {
    const folder = newFolder();
    const store = await begun(folder);
    const entries = Array.from({ length: 4_500 }, (_, index): [string, string] => [`e/web/n${index}`, 'x']);
    const changes = entries.map((_, index): [number, string] => [index + 1, 'x']);
    await store.commit(group(1, { entries, changes }));
    await store.close();
    const { keys, revisions } = await contentOf(folder);
    expect([keys.length, revisions.length, new Set(keys).size]).toEqual([4_500, 4_500, 4_500]);
  });

  it('the store is whole after a kill of its process', async () => {
    const left = await killed(20);
    const { keys, revisions } = await contentOf(left);
    expect([keys.length, revisions.length]).toEqual([20, 20]);
  });

  it('the store tells a copy of its folder from the folder itself', async () => {
    const folder = await filled(3);
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
    const opened = [await contentOf(folder), await contentOf(copy)];
    // Only the first group stores the new epoch of the copy.
    for (const write of [() => {}, (store: StoreThread) => store.commit(group(4))]) {
      const store = await begun(copy);
      await write(store);
      await store.close();
      opened.push(await contentOf(copy));
    }
    expect(opened.map(({ isCopy }) => isCopy)).toEqual([false, true, true, false]);
  });

  it('the store refuses a second process until the first process has closed it', async () => {
    const folder = newFolder();
    const store = StoreThread.start(folder);
    await store.opened;
    await expect(StoreThread.start(folder).opened).rejects.toThrow(
      /in use by another server: stop it, or name another folder/,
    );
    await store.close();
    await StoreThread.start(folder).close();
  });

  it('the store ignores an incomplete record that was written after the last sync', async () => {
    const left = await killed(10);
    const log = join(left, 'roll.db-wal');
    writeFileSync(log, Buffer.alloc(3_000, 7), { flag: 'a' });
    expect((await contentOf(left)).revisions).toHaveLength(10);
  });

  it('the store makes a backup that opens as a copy, with all that was written', async () => {
    const folder = await filled(5);
    const store = StoreThread.start(folder);
    const other = newFolder();
    await store.backup(join(other, 'roll.db'));
    await store.close();
    expect(await contentOf(other)).toMatchObject({ isCopy: true, state: 'state 5', revisions: [1, 2, 3, 4, 5] });
  });

  it('the store removes the half-written backup of a killed server, and nothing while another server has the folder', async () => {
    const folder = await filled(1);
    writeFileSync(join(folder, 'backup-17-1.tmp'), 'half of it');
    const store = StoreThread.start(folder);
    await store.opened;
    writeFileSync(join(folder, 'backup-17-2.tmp'), 'being read');
    await expect(StoreThread.start(folder).opened).rejects.toThrow('in use by another server');
    expect(readdirSync(folder).filter((name) => name.startsWith('backup'))).toEqual(['backup-17-2.tmp']);
    await store.close();
  });

  it('read() of a store rejects, and the process goes on, when its callback throws', async () => {
    const store = StoreThread.start(await filled(3));
    const reading = store.read(() => {
      throw new Error('a row of an unknown form');
    });
    await expect(reading).rejects.toThrow('a row of an unknown form');
    await store.close();
  });

  it('the store keeps nothing of a group that cannot be written, and takes later groups', async () => {
    const folder = newFolder();
    const store = await begun(folder);
    await store.commit(group(1));
    await expect(store.commit(group(2, { changes: [[2.5, 'change']] }))).rejects.toThrow();
    await store.commit(group(2));
    await store.close();
    expect(await contentOf(folder)).toMatchObject({ entries: 2, revisions: [1, 2] });
  });
});

describe('a store whose files are taken away while it is open writes nothing until they are back', () => {
  it.each(['roll.db', 'roll.db-wal'])(
    'a store whose file %s is taken away writes nothing until it is back',
    async (name) => {
      const [store, folder] = await written(3);
      const file = join(folder, name);
      renameSync(file, `${file}.away`);
      await expect(store.commit(group(4))).rejects.toThrow(
        `${file} was removed or replaced; bring it back, or start the server again`,
      );
      writeFileSync(file, 'another one');
      await expect(store.commit(group(4))).rejects.toThrow('was removed or replaced');
      renameSync(`${file}.away`, file);
      await store.commit(group(4));
      await store.close();
      expect((await contentOf(folder)).revisions).toEqual([1, 2, 3, 4]);
    },
  );

  it('a store writes nothing while its whole folder is removed', async () => {
    const [store, folder] = await written(3);
    rmSync(folder, { recursive: true });
    await expect(store.commit(group(4))).rejects.toThrow('was removed or replaced');
    await store.close();
  });
});

describe('a folder that cannot be used is refused, and the message says what to do', () => {
  const inItsWay: Record<string, (folder: string) => string> = {
    'a file is in its place': (folder) => {
      writeFileSync(join(folder, 'file'), '');
      return join(folder, 'file');
    },
    'a file is in the place of the folder above it': (folder) => {
      writeFileSync(join(folder, 'file'), '');
      return join(folder, 'file', 'data');
    },
    'a folder is in the place of the store': (folder) => {
      mkdirSync(join(folder, 'roll.db'));
      return folder;
    },
  };
  it.each(Object.entries(inItsWay))('a store refuses a folder, and says what to do, when %s', async (_, prepare) => {
    const folder = prepare(newFolder());
    const advice =
      /Let the user of the server write the folder and what is in it, or name another folder with --data-dir/;
    await expect(StoreThread.start(folder).opened).rejects.toThrow(advice);
    await expect(restoreBackup(join(await filled(1), 'roll.db'), folder)).rejects.toThrow(
      /cannot be a data folder|is not empty/,
    );
  });

  it('a store refuses a folder that cannot be made, where a recursive mkdir of Node would never end', async () => {
    const backup = join(await filled(1), 'roll.db');
    // The test can kill a process, but not a thread that never ends.
    const restored = spawnSync(process.execPath, [bin, 'restore', backup, '--data-dir', '/proc/rollcall/data'], {
      timeout: 30_000,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
    });
    expect([restored.status, restored.stderr]).toEqual([2, expect.stringContaining('cannot be a data folder: ')]);
  });
});

describe('a damaged store refuses to open, says what to do, and stays as it is', () => {
  const damages: Record<string, (folder: string) => void> = {
    'an entry was altered': (folder) => edit(folder, "update entry set text = 'instance 9' where key = 'e/web/n2'"),
    'an entry is missing': (folder) => edit(folder, "delete from entry where key = 'e/web/n2'"),
    'an entry was added': (folder) => edit(folder, "insert into entry values ('e/web/x', 'x', 0)"),
    'a change is missing': (folder) => edit(folder, 'delete from change where revision = 3'),
    'the last changes are missing': (folder) => edit(folder, 'delete from change where revision > 3'),
    'its description of itself was altered': (folder) => edit(folder, "update meta set text = '{}'"),
    'the file is gone': (folder) => rmSync(join(folder, 'roll.db')),
    'the file is empty': (folder) => truncateSync(join(folder, 'roll.db')),
    'half of the file is missing': (folder) => truncateSync(join(folder, 'roll.db'), 8_192),
    'a page without rows is missing': (folder) => {
      const file = readFileSync(join(folder, 'roll.db'));
      // The number of free pages. https://sqlite.org/fileformat.html#the_database_header
      file.writeUInt32BE(1, 36);
      writeFileSync(join(folder, 'roll.db'), file);
    },
    'the file was overwritten': (folder) => {
      const file = readFileSync(join(folder, 'roll.db'));
      writeFileSync(join(folder, 'roll.db'), file.fill(0xa5, 4_096));
    },
    'the head of the file was overwritten': (folder) => {
      const file = readFileSync(join(folder, 'roll.db'));
      writeFileSync(join(folder, 'roll.db'), file.fill(0xa5, 0, 100));
    },
  };
  it.each(Object.entries(damages))(
    'a store refuses to open, says what to do, and stays as it is when %s',
    async (_, damage) => {
      const folder = await filled(40);
      damage(folder);
      const before = sizesOf(folder);
      await expect(contentOf(folder)).rejects.toThrow(/is damaged: .*rollcall restore, or start with an empty folder/s);
      expect(sizesOf(folder)).toEqual(before);
    },
  );

  it('a store refuses to open when a frame in the middle of its log was altered, where SQLite would silently cut the rest', async () => {
    const left = await killed(40);
    const log = join(left, 'roll.db-wal');
    const bytes = readFileSync(log);
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
    writeFileSync(log, bytes);
    await expect(contentOf(left)).rejects.toThrow(/it ends with group \d+ although group 40 was written/);
    expect(readFileSync(`${log}.damaged`)).toEqual(bytes);
  });

  it('a store refuses to open a file that another program wrote', async () => {
    const folder = newFolder();
    edit(folder, 'create table other (x)');
    await expect(contentOf(folder)).rejects.toThrow(/is not a store of Rollcall: name another folder with --data-dir/);
  });

  it('a store refuses to open a file that a newer version wrote', async () => {
    const folder = await filled(1);
    edit(folder, 'pragma user_version = 99');
    await expect(contentOf(folder)).rejects.toThrow(
      /has format 99 and this version of Rollcall knows up to 2: start the version/,
    );
  });
});

const sizesOf = (folder: string) => {
  try {
    return readFileSync(join(folder, 'roll.db')).length;
  } catch {
    return undefined;
  }
};

import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type Database from 'libsql';
import { connect, identityOf, saveLog } from './database.ts';
import { prepareFolder, removeBackups, unfit } from './folder.ts';
import { type Group, type Opened, type Part, storeName } from './group.ts';
import { InPlace } from './in-place.ts';
import { checkFormat, checkWhole, create, isEmpty } from './schema.ts';
import { corrupt, isDamage, isLocked, StoreError } from './store-error.ts';
import { Witness } from './witness.ts';

const witnessName = 'witness';
/** Rows per read. */
const partRows = 2_000;

/** What the store records about itself. */
interface Meta {
  /** The number of groups written. */
  readonly groups: number;
  /** The number of all entries, and the xor of their checksums. It reveals a row that vanished. */
  readonly entries: number;
  readonly digest: number;
  /** The revision of the last change. */
  readonly revision: number;
  /** Identity of the file. A copy has another one. */
  readonly identity: string;
  /** Whether a server has the store open, or ended without closing it. */
  readonly isOpen: boolean;
  readonly state: string;
}

const newMeta: Meta = { groups: 0, entries: 0, digest: 0, revision: 0, identity: '', isOpen: false, state: '' };

/**
 * A folder with the roll in it, kept by SQLite: one file, its write-ahead log, and the witness. A sync blocks its
 * thread. The folder is locked against other processes while it is open.
 */
export class SqliteStore {
  readonly #file: string;
  readonly #db: Database.Database;
  readonly #folder: string;
  readonly #identity: string;
  #isRead = false;
  #isWhole = false;
  #begun: { readonly witness: Witness; readonly inPlace: InPlace } | undefined;
  readonly #statements: ReturnType<typeof statementsOf>;
  #meta: Meta;
  readonly opened: Opened;

  private constructor(folder: string, db: Database.Database, isBackup: boolean) {
    this.#folder = folder;
    this.#file = join(folder, storeName);
    this.#db = db;
    const isNew = isEmpty(db);
    if (isNew && isBackup) throw new StoreError({ kind: 'foreign', message: 'it is empty' });
    if (isNew) create(db);
    else checkFormat(db, this.#file);
    this.#statements = statementsOf(db);
    this.#meta = isNew ? newMeta : this.#readMeta();
    const witnessed = Witness.read(join(folder, witnessName));
    if (witnessed > this.#meta.groups) {
      saveLog(this.#file);
      throw lost(this.#file, this.#meta.groups, witnessed);
    }
    // A backup stays a backup until a server starts on it.
    this.#identity = isBackup ? this.#meta.identity : identityOf(this.#file);
    const { state, isOpen, entries } = this.#meta;
    const isCopy = !isNew && this.#meta.identity !== this.#identity;
    this.opened = { state: state === '' ? undefined : state, isCopy, wasCut: isOpen && !isCopy, entries };
    removeBackups(folder);
  }

  /**
   * Opens the store of a folder, and creates it where there is none. Call `read()`, `check()` and `begin()`, in this
   * order, before `commit()`. `isBackup`: only check that a backup is whole.
   *
   * @throws StoreError that says why the store cannot be used, and what to do.
   */
  static open(folder: string, isBackup: boolean): SqliteStore {
    prepareFolder(folder);
    const file = join(folder, storeName);
    const witnessed = Witness.read(join(folder, witnessName));
    if (witnessed > 0 && !(existsSync(file) && statSync(file).size > 0)) throw lost(file, 0, witnessed);
    try {
      return new SqliteStore(folder, connect(file), isBackup);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      if (isDamage(error)) throw corrupt(file, (error as Error).message, error);
      if (isLocked(error)) {
        const message = `the folder ${folder} is in use by another server: stop it, or name another folder with --data-dir`;
        throw new StoreError({ kind: 'locked', message }, error);
      }
      throw unfit((error as Error).message, error);
    }
  }

  /** The whole content, checked row by row. */
  *read(): Generator<Part, undefined> {
    try {
      yield* this.#readEntries();
      yield* this.#readChanges();
      this.#isRead = true;
    } catch (error) {
      throw isDamage(error) ? corrupt(this.#file, (error as Error).message, error) : error;
    }
  }

  /** Checks every page of the store. Call it after `read()`. */
  check(): void {
    if (!this.#isRead) throw refused();
    checkWhole(this.#db, this.#file);
    this.#isWhole = true;
  }

  /** Begins to write. Until this call the content of the store is unchanged. */
  begin(): void {
    if (!this.#isWhole) throw refused();
    this.#inTransaction(() => this.#writeMeta({ ...this.#meta, isOpen: true }));
    const witness = Witness.open(join(this.#folder, witnessName));
    // The transaction above has made the log, so both files can be watched from here.
    this.#begun = { witness, inPlace: new InPlace([this.#file, `${this.#file}-wal`]) };
  }

  *#readEntries(): Generator<Part, undefined> {
    let entries = 0;
    let digest = 0;
    for (let after = ''; ; ) {
      const rows = this.#statements.entriesAfter.all(after) as [string, string, number][];
      for (const [key, text, sum] of rows) {
        if (sumOf(key, text) !== sum)
          throw corrupt(this.#file, `the entry ${JSON.stringify(key)} is not what was written`);
        digest ^= sum;
      }
      entries += rows.length;
      // Reading never ends in a damaged file whose pages are linked in a circle.
      if (entries > this.#meta.entries) break;
      if (rows.length > 0) yield { entries: rows.map(([key, text]) => [key, text]), changes: [] };
      if (rows.length < partRows) break;
      after = rows.at(-1)?.[0] ?? after;
    }
    if (entries !== this.#meta.entries || digest !== this.#meta.digest)
      throw corrupt(
        this.#file,
        `it holds ${entries} entries, which are not the ${this.#meta.entries} that were written`,
      );
  }

  /** Writes a group and syncs it. When it throws, nothing of the group was written. */
  commit({ entries, changes, forgetUpTo, state }: Group): void {
    if (this.#begun === undefined) throw refused();
    const { witness, inPlace } = this.#begun;
    inPlace.check();
    const { groups } = this.#meta;
    this.#inTransaction(() => {
      // The first group stores the new identity together with the new epoch: until then a copy is still a copy.
      const meta = { ...this.#meta, identity: this.#identity, groups: groups + 1, state };
      for (const [key, text] of entries) this.#writeEntry(meta, key, text);
      for (const [revision, text] of changes) {
        this.#statements.putChange.run(revision, text, sumOf(`${revision}`, text));
        meta.revision = revision;
      }
      this.#statements.forgetChanges.run(forgetUpTo);
      this.#writeMeta(meta);
    });
    witness.write(groups + 1);
  }

  /** Writes a copy of the present store to one file. */
  backup(file: string): void {
    rmSync(file, { force: true });
    this.#db.prepare('vacuum into ?').run(file);
  }

  /** Closes the store. The file is released when the thread ends: the library keeps it open for prepared statements. */
  close(): void {
    if (this.#begun !== undefined) {
      this.#inTransaction(() => this.#writeMeta({ ...this.#meta, isOpen: false }));
      this.#begun.witness.close();
    }
    this.#db.close();
  }

  *#readChanges(): Generator<Part, undefined> {
    for (let after = -1; ; ) {
      const rows = this.#statements.changesAfter.all(after) as [number, string, number][];
      for (const [revision, text, sum] of rows) {
        if (sumOf(`${revision}`, text) !== sum || (after !== -1 && revision !== after + 1))
          throw corrupt(this.#file, `the change ${revision} is missing, or not what was written`);
        after = revision;
      }
      if (rows.length > 0) yield { entries: [], changes: rows.map(([revision, text]) => [revision, text]) };
      if (rows.length < partRows) {
        if (after !== -1 && after !== this.#meta.revision) throw corrupt(this.#file, 'the last changes are missing');
        return;
      }
    }
  }

  #writeEntry(meta: { entries: number; digest: number }, key: string, text: string | null): void {
    const before = this.#statements.sumOfEntry.get(key) as [number] | undefined;
    if (before !== undefined) meta.digest ^= before[0];
    if (text === null) {
      if (before === undefined) return;
      this.#statements.deleteEntry.run(key);
      meta.entries -= 1;
      return;
    }
    const sum = sumOf(key, text);
    this.#statements.putEntry.run(key, text, sum);
    meta.digest ^= sum;
    if (before === undefined) meta.entries += 1;
  }

  #readMeta(): Meta {
    const row = this.#statements.meta.get() as [string, number] | undefined;
    // The server ended while it created the store, so it has written nothing yet.
    if (row === undefined) return newMeta;
    if (sumOf('', row[0]) !== row[1]) throw corrupt(this.#file, 'its record about itself is not what was written');
    return JSON.parse(row[0]) as Meta;
  }

  #writeMeta(meta: Meta): void {
    const text = JSON.stringify(meta);
    this.#statements.putMeta.run(text, sumOf('', text));
    this.#pending = meta;
  }

  #pending: Meta = newMeta;

  #inTransaction(write: () => void): void {
    this.#db.exec('begin immediate');
    try {
      write();
      this.#db.exec('commit');
    } catch (error) {
      // After some failures SQLite has already rolled back by itself.
      if (this.#db.inTransaction) this.#db.exec('rollback');
      throw error;
    }
    this.#meta = this.#pending;
  }
}

function statementsOf(db: Database.Database) {
  const prepare = (sql: string): Database.Statement => db.prepare(sql).raw();
  return {
    meta: prepare('select text, sum from meta'),
    putMeta: db.prepare('insert or replace into meta values (1, ?, ?)'),
    entriesAfter: prepare(`select key, text, sum from entry where key > ? order by key limit ${partRows}`),
    changesAfter: prepare(
      `select revision, text, sum from change where revision > ? order by revision limit ${partRows}`,
    ),
    sumOfEntry: prepare('select sum from entry where key = ?'),
    putEntry: db.prepare('insert or replace into entry values (?, ?, ?)'),
    deleteEntry: db.prepare('delete from entry where key = ?'),
    putChange: db.prepare('insert or replace into change values (?, ?, ?)'),
    forgetChanges: db.prepare('delete from change where revision <= ?'),
  };
}

const sumOf = (key: string, text: string): number => crc32(text, crc32(`${key}\0`)) | 0;

const lost = (file: string, groups: number, witnessed: number): StoreError =>
  corrupt(file, `it ends with group ${groups} although group ${witnessed} was written`);

const refused = (): Error => new Error('the store was refused, so nothing is written to it');

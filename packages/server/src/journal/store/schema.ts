import type Database from 'libsql';
import { corrupt, StoreError } from './store-error.ts';

/** The application id that marks an SQLite file as a store of Rollcall: `Roll`. */
const applicationId = 0x526f6c6c;
/** The format that this version writes. Raise it with every change that an older version could not read. */
export const formatVersion = 2;

const tables = `
create table meta (id integer primary key check (id = 1), text text not null, sum integer not null);
create table entry (key text primary key, text text not null, sum integer not null) without rowid;
create table change (revision integer primary key, text text not null, sum integer not null);
pragma application_id = ${applicationId};
pragma user_version = ${formatVersion};
`;

/**
 * The step from each earlier format to the next, each in a transaction: `upgrades[1]` makes format 2 from format 1. A
 * store of every published format stays in `test/journal/stores`, and must open.
 */
const upgrades: Readonly<Record<number, string>> = {
  // Format 2 has shorter texts. Texts of format 1 stay until their entry changes, since the server reads both formats.
  1: '',
};

const numberOf = (db: Database.Database, pragma: string): number => {
  const row = db.prepare(`pragma ${pragma}`).raw().get() as readonly unknown[] | undefined;
  return Number(row?.[0]);
};

/** Whether the file is still empty. */
export const isEmpty = (db: Database.Database): boolean =>
  numberOf(db, 'application_id') === 0 && numberOf(db, 'schema_version') === 0;

/** Makes the tables of a new store. */
export function create(db: Database.Database): void {
  db.exec(`begin;${tables}commit;`);
}

/** The numbers in a file that say which program wrote it, and in which format. */
export interface Marks {
  readonly application: number;
  readonly version: number;
}

const marksOf = (db: Database.Database): Marks => ({
  application: numberOf(db, 'application_id'),
  version: numberOf(db, 'user_version'),
});

/** The marks in the first bytes of a file, without SQLite; undefined: the file is empty. Other content has no marks of ours. */
export function marksIn(bytes: Buffer): Marks | undefined {
  if (bytes.length === 0) return undefined;
  // https://sqlite.org/fileformat.html#the_database_header
  if (bytes.length < 100 || bytes.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    return { application: 0, version: 0 };
  return { application: bytes.readUInt32BE(68), version: bytes.readUInt32BE(60) };
}

/** Throws a StoreError for a file that is not ours, or of a later format. */
export function checkMarks({ application, version }: Marks, file: string): void {
  if (application !== applicationId) {
    const message = `${file} is not a store of Rollcall: name another folder with --data-dir`;
    throw new StoreError({ kind: 'foreign', message });
  }
  if (version > formatVersion) {
    const message = `the store ${file} has format ${version} and this version of Rollcall knows up to ${formatVersion}: start the version that wrote it, or a newer one`;
    throw new StoreError({ kind: 'newer', message });
  }
}

/** Checks that the file is ours and of a known format; upgrades an older format. */
export function checkFormat(db: Database.Database, file: string): void {
  const marks = marksOf(db);
  checkMarks(marks, file);
  if (marks.version < formatVersion) checkWhole(db, file);
  for (let from = marks.version; from < formatVersion; from += 1)
    db.exec(`begin;${upgrades[from]};pragma user_version = ${from + 1};commit;`);
}

/** Checks every page of the file, which takes as long as reading all rows. */
export function checkWhole(db: Database.Database, file: string): void {
  const [verdict] = db.prepare('pragma quick_check(1)').raw().get() as readonly unknown[];
  if (verdict !== 'ok') throw corrupt(file, String(verdict));
}

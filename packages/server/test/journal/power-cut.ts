import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** An operation of a process on its data folder, as strace recorded it. */
type Operation =
  | { readonly type: 'create'; readonly path: string; readonly file: number }
  | { readonly type: 'write'; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly type: 'truncate'; readonly file: number; readonly size: number }
  | { readonly type: 'sync'; readonly file: number }
  | { readonly type: 'sync folder' }
  | { readonly type: 'remove'; readonly path: string }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  /** The process told a client something: every later image must contain it. */
  | { readonly type: 'told'; readonly text: string };

/** The arguments of strace. `-y` names the file of each descriptor, `-xx` writes every byte. */
export const straceArguments = (output: string): readonly string[] => [
  ...['-f', '-y', '-xx', '-s', '70000', '-o', output],
  ...[
    '-e',
    'trace=openat,creat,write,writev,pwrite64,pwritev,fsync,fdatasync,ftruncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,sync_file_range,msync,mmap',
  ],
];

const unhex = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex');
const hex = /"((?:\\x[0-9a-f]{2})*)"/g;

/** Reads the output of strace. A call that another thread interrupts counts when it has ended. */
export function readTrace(output: string, folder: string, isTold: (text: string) => boolean): readonly Operation[] {
  const unfinished = new Map<string, string>();
  const reader = new TraceReader(folder, isTold);
  for (const line of readFileSync(output, 'latin1').split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const begun = / <unfinished \.\.\.>$/.exec(rest);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (begun !== null) unfinished.set(thread, rest.slice(0, begun.index));
    else if (resumed !== null) reader.read(`${unfinished.get(thread) ?? ''}${resumed[1]}`);
    else reader.read(rest);
  }
  return reader.operations;
}

class TraceReader {
  readonly operations: Operation[] = [];
  readonly #folder: string;
  readonly #isTold: (text: string) => boolean;
  /** The file that a path names now. */
  readonly #files = new Map<string, number>();
  #count = 0;

  constructor(folder: string, isTold: (text: string) => boolean) {
    this.#folder = folder;
    this.#isTold = isTold;
  }

  read(call: string): void {
    const [, name = ''] = /^(\w+)\(/.exec(call) ?? [];
    const result = /\)\s+= (-?\d+|\?)/.exec(call)?.[1];
    if (name === '' || result === undefined || result.startsWith('-')) return;
    const quoted = [...call.matchAll(hex)].map(([, text = '']) => unhex(text));
    const path = this.#pathOf(call);
    if (path === undefined) this.#other(name, quoted, call);
    else this.#change(name, path, quoted, call);
  }

  /** The path in the folder that the call is about. */
  #pathOf(call: string): string | undefined {
    const described = /^\w+\(\d+<((?:\\x[0-9a-f]{2})+)>/.exec(call)?.[1];
    const path = described === undefined ? undefined : unhex(described).toString();
    return path !== undefined && (path === this.#folder || dirname(path) === this.#folder) ? path : undefined;
  }

  #other(name: string, quoted: readonly Buffer[], call: string): void {
    if (name === 'openat') {
      const path = quoted[0]?.toString() ?? '';
      if (dirname(path) === this.#folder && call.includes('O_CREAT') && !this.#files.has(path)) this.#create(path);
    } else if (name === 'unlink' || name === 'unlinkat') {
      const path = quoted.at(-1)?.toString() ?? '';
      if (dirname(path) !== this.#folder) return;
      this.#files.delete(path);
      this.operations.push({ type: 'remove', path });
    } else if (name.startsWith('rename')) {
      const [from = '', to = ''] = quoted.map(String);
      if (dirname(to) !== this.#folder) return;
      this.#files.set(to, this.#fileOf(from));
      this.#files.delete(from);
      this.operations.push({ type: 'rename', from, to });
    } else if (name === 'write' || name === 'writev') {
      const text = Buffer.concat(quoted).toString('latin1');
      if (this.#isTold(text)) this.operations.push({ type: 'told', text });
    }
  }

  #change(name: string, path: string, quoted: readonly Buffer[], call: string): void {
    if (path === this.#folder) {
      if (name === 'fsync' || name === 'fdatasync') this.operations.push({ type: 'sync folder' });
      return;
    }
    const file = this.#fileOf(path);
    const last = Number(/, (\d+)\)\s+=/.exec(call)?.[1]);
    if (name === 'pwrite64')
      this.operations.push({ type: 'write', file, at: last, bytes: quoted.at(-1) ?? Buffer.alloc(0) });
    else if (name === 'ftruncate') this.operations.push({ type: 'truncate', file, size: last });
    else if (name === 'fsync' || name === 'fdatasync') this.operations.push({ type: 'sync', file });
    else if (name !== 'openat') throw new Error(`${basename(path)} is changed by ${name}, which no image is made of`);
  }

  #fileOf(path: string): number {
    return this.#files.get(path) ?? this.#create(path);
  }

  #create(path: string): number {
    this.#count += 1;
    this.#files.set(path, this.#count);
    this.operations.push({ type: 'create', path, file: this.#count });
    return this.#count;
  }
}

type Change = Extract<Operation, { type: 'write' | 'truncate' }>;

/**
 * Makes the folder that a power cut after `operations` leaves: it has everything that was synced, and a random part of
 * the rest. A file has or lacks each write or truncation after its last sync, and it may have only some blocks of a
 * write. The folder has or lacks each creation, removal or renaming of an entry after its last sync.
 */
export function makeImage(operations: readonly Operation[], target: string, random: () => number): void {
  const synced = new Map<number, Change[]>();
  const unsynced = new Map<number, Change[]>();
  let entries = new Map<string, number>();
  let pending: Operation[] = [];
  const apply = (to: Map<string, number>, operation: Operation): void => {
    if (operation.type === 'create') to.set(operation.path, operation.file);
    else if (operation.type === 'remove') to.delete(operation.path);
    else if (operation.type === 'rename') {
      const file = to.get(operation.from);
      to.delete(operation.from);
      if (file !== undefined) to.set(operation.to, file);
    }
  };
  for (const operation of operations) {
    if (operation.type === 'write' || operation.type === 'truncate')
      unsynced.set(operation.file, [...(unsynced.get(operation.file) ?? []), operation]);
    else if (operation.type === 'sync') {
      synced.set(operation.file, [...(synced.get(operation.file) ?? []), ...(unsynced.get(operation.file) ?? [])]);
      unsynced.delete(operation.file);
    } else if (operation.type === 'sync folder') {
      for (const each of pending) apply(entries, each);
      pending = [];
    } else if (operation.type !== 'told') pending.push(operation);
  }
  entries = new Map(entries);
  for (const operation of pending) if (random() < 0.5) apply(entries, operation);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const [path, file] of entries) {
    const kept = (unsynced.get(file) ?? []).flatMap((change) => partOf(change, random));
    writeFile(join(target, basename(path)), [...(synced.get(file) ?? []), ...kept]);
  }
}

const blockBytes = 512;

/** Keeps the whole change, nothing of it, or some of its blocks. */
function partOf(change: Change, random: () => number): Change[] {
  const chance = random();
  if (chance < 0.4) return [];
  if (chance < 0.8 || change.type === 'truncate') return [change];
  const blocks: Change[] = [];
  for (let from = 0; from < change.bytes.length; from += blockBytes)
    if (random() < 0.5)
      blocks.push({ ...change, at: change.at + from, bytes: change.bytes.subarray(from, from + blockBytes) });
  return blocks;
}

function writeFile(path: string, changes: readonly Change[]): void {
  let content = Buffer.alloc(0);
  for (const change of changes) {
    const size = change.type === 'truncate' ? change.size : Math.max(content.length, change.at + change.bytes.length);
    if (size !== content.length) content = Buffer.concat([content.subarray(0, size)], size);
    if (change.type === 'write') change.bytes.copy(content, change.at);
  }
  const file = openSync(path, 'w', 0o600);
  writeSync(file, content);
  closeSync(file);
}

import { Worker } from 'node:worker_threads';
import type { Group, Opened, Part } from './group.ts';
import { type FromStore, pack, type StoreStart, type ToStore } from './messages.ts';
import { StoreError } from './store-error.ts';

/** The file of the thread: the built file, also when the server runs from source. */
const file = import.meta.url.endsWith('.ts') ? '../../../dist/journal/store/worker.js' : './worker.js';

/** The objects of a group are garbage at once, so a larger nursery would only hold more garbage. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

const defect = (what: string): Error =>
  new Error(`the thread of the store ${what}; this is a defect of Rollcall, please report it`);

interface Asked {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A store in a thread of its own. The thread opens, reads and checks the store, then answers requests in turn. */
export class StoreThread {
  readonly #worker: Worker;
  readonly #asked: Asked[] = [];
  readonly #opened: Promise<Opened>;
  /** The parts that came before `read()` was called. */
  readonly #parts: Part[] = [];
  readonly #read: Promise<void>;
  readonly #checked: Promise<void>;
  #onPart: (part: Part) => void = (part) => this.#parts.push(part);
  #ended: Error | undefined;

  private constructor(start: StoreStart) {
    const worker = new Worker(new URL(file, import.meta.url), { workerData: start, resourceLimits });
    this.#worker = worker;
    this.#opened = new Promise((resolve, reject) => {
      worker.once('message', (first: FromStore) => {
        if (first.type === 'opened') resolve(first.opened);
        else
          reject(first.type === 'failed' ? new StoreError(first.failure) : defect(`answered ${first.type} at first`));
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(defect('ended before it had opened the store')));
    });
    this.#read = this.#next();
    this.#checked = this.#next();
    // A promise may reject before the caller awaits it.
    for (const promise of [this.#opened, this.#read, this.#checked]) promise.catch(() => {});
    worker.on('message', (message: FromStore) => this.#hear(message));
    worker.once('error', (error) => this.#end(error));
    worker.once('exit', () => this.#end(new Error('the thread of the store ended: start the server again')));
  }

  /**
   * Starts a thread that opens the store of a folder, and creates it where there is none. `isBackup`: only check that a
   * backup is whole.
   */
  static start(folder: string, isBackup = false): StoreThread {
    return new StoreThread({ folder, isBackup });
  }

  /** Resolves when the store is open. Rejects with a StoreError: why the store cannot be used, and what to do. */
  get opened(): Promise<Opened> {
    return this.#opened;
  }

  /** Passes the whole content on in parts. Call it once. Rejects when a row is damaged, or when `onPart` throws. */
  read(onPart: (part: Part) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onPart = (part) => {
        try {
          onPart(part);
        } catch (error) {
          reject(error);
        }
      };
      for (const part of this.#parts.splice(0)) this.#onPart(part);
      this.#read.then(resolve, reject);
    });
  }

  /** Resolves when all pages are checked. Rejects when the store is damaged. */
  checked(): Promise<void> {
    return this.#checked;
  }

  /** Begins to write. Until this call the content of the store is unchanged. */
  begin(): Promise<void> {
    return this.#ask({ type: 'begin' });
  }

  /** Resolves when the group is synced. When it rejects, nothing of the group was written. */
  commit(group: Group): Promise<void> {
    return this.#ask({ type: 'commit', group: pack(group) });
  }

  /** Writes a copy of the present store to one file. */
  backup(target: string): Promise<void> {
    return this.#ask({ type: 'backup', file: target });
  }

  /** Ends the thread, even while it reads. Only before `begin()`. */
  async abandon(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Closes the store after all earlier requests, and ends its thread. */
  async close(): Promise<void> {
    const isOpen = await this.#opened.then(
      () => true,
      () => false,
    );
    if (!isOpen) await this.#worker.terminate();
    if (this.#ended !== undefined || !isOpen) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    try {
      await this.#ask({ type: 'close' });
      await exited;
    } finally {
      await this.#worker.terminate();
    }
  }

  #ask(message: ToStore): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#worker.postMessage(message);
    return this.#next();
  }

  /** Settles with the answer after those that earlier calls wait for. */
  #next(): Promise<void> {
    return new Promise((resolve, reject) => this.#asked.push({ resolve, reject }));
  }

  #hear(message: FromStore): void {
    if (message.type === 'part') this.#onPart(message.part);
    else if (message.type === 'done') this.#asked.shift()?.resolve();
    else if (message.type === 'failed') this.#asked.shift()?.reject(new StoreError(message.failure));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#asked.splice(0)) reject(this.#ended);
  }
}

import { Worker } from 'node:worker_threads';
import type { Group, Opened, Part } from './group.ts';
import type { FromStore, StoreStart, ToStore } from './messages.ts';
import { StoreError } from './store-error.ts';

/** The file of the thread: the built file, also when the server runs from source. */
const file = import.meta.url.endsWith('.ts') ? '../../../dist/journal/store/worker.js' : './worker.js';

/** The objects of a group are garbage at once, so a larger nursery would only hold more garbage. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

interface Asked {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly onPart?: ((part: Part) => void) | undefined;
}

/** An open store in a thread of its own, which answers requests in turn. */
export class StoreThread {
  readonly opened: Opened;
  readonly #worker: Worker;
  readonly #asked: Asked[] = [];
  #ended: Error | undefined;

  private constructor(worker: Worker, opened: Opened) {
    this.#worker = worker;
    this.opened = opened;
    worker.on('message', (message: FromStore) => this.#hear(message));
    worker.once('error', (error) => this.#end(error));
    worker.once('exit', () => this.#end(new Error('the thread of the store ended: start the server again')));
  }

  /**
   * Opens the store of a folder, and creates it where there is none. `isBackup`: only check that a backup is whole.
   *
   * @throws StoreError that says why the store cannot be used, and what to do.
   */
  static async open(folder: string, isBackup = false): Promise<StoreThread> {
    const workerData: StoreStart = { folder, isBackup };
    const worker = new Worker(new URL(file, import.meta.url), { workerData, resourceLimits });
    const first = await new Promise<FromStore>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () =>
        reject(
          new Error(
            'the thread of the store ended before it had opened the store; this is a defect of Rollcall, please report it',
          ),
        ),
      );
    });
    if (first.type === 'opened') return new StoreThread(worker, first.opened);
    await worker.terminate();
    throw first.type === 'failed'
      ? new StoreError(first.failure)
      : new Error(
          `the store answered ${first.type} when it was opened; this is a defect of Rollcall, please report it`,
        );
  }

  /** The whole content, in parts. Rejects when a row is not what was written. */
  read(onPart: (part: Part) => void): Promise<void> {
    return this.#ask({ type: 'read' }, onPart);
  }

  /** Resolves when the group is synced. When it rejects, nothing of the group was written. */
  commit(group: Group): Promise<void> {
    return this.#ask({ type: 'commit', group });
  }

  /** Writes a copy of the present store to one file. */
  backup(target: string): Promise<void> {
    return this.#ask({ type: 'backup', file: target });
  }

  /** Closes the store after all earlier requests, and ends its thread. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    try {
      await this.#ask({ type: 'close' });
      await exited;
    } finally {
      await this.#worker.terminate();
    }
  }

  #ask(message: ToStore, onPart?: (part: Part) => void): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject, onPart });
      this.#worker.postMessage(message);
    });
  }

  #hear(message: FromStore): void {
    if (message.type === 'part') this.#asked[0]?.onPart?.(message.part);
    else if (message.type === 'done') this.#asked.shift()?.resolve();
    else if (message.type === 'failed') this.#asked.shift()?.reject(new StoreError(message.failure));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#asked.splice(0)) reject(this.#ended);
  }
}

import { createReadStream, type ReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Logger, RegistryError } from '@rollcall/core';
import { type RestoreProgress, type RestoreTargets, restoreRoll } from './restore-roll.ts';
import { backupFile } from './store/folder.ts';
import { StoreError } from './store/store-error.ts';
import type { StoreThread } from './store/store-thread.ts';

/** The result of a restart. */
export interface Restored {
  /** True: the roll of an earlier start of the same epoch is complete, so an instance that it lacks is gone. */
  readonly isComplete: boolean;
}

/** The folder that keeps the roll. It is read once; then the journal writes to it. */
export class DataFolder {
  readonly #path: string;
  readonly #targets: RestoreTargets;
  readonly #logger: Logger;
  #store: StoreThread | undefined;
  #progress: RestoreProgress = { read: 0, total: 0 };
  #backups = 0;

  /** `store`: its thread is running. */
  constructor(path: string, store: StoreThread, targets: RestoreTargets, logger: Logger) {
    this.#path = path;
    this.#store = store;
    this.#targets = targets;
    this.#logger = logger;
  }

  /** How far the restart is, for people. */
  get progress(): RestoreProgress {
    return this.#progress;
  }

  /**
   * Restores the roll. From then on the journal writes every change.
   *
   * @throws RegistryError `UNAVAILABLE` for a folder that cannot be used: the message says what to do.
   */
  async open(): Promise<Restored> {
    const { roll, journal } = this.#targets;
    const store = this.#store;
    if (store === undefined)
      throw new RegistryError('CLOSED', 'the server was closed: create another one', { registry: 'server' });
    try {
      const opened = await store.opened;
      const axis = await restoreRoll(store, opened, this.#targets, (progress) => {
        this.#progress = progress;
      });
      await store.checked();
      await store.begin();
      journal.begin(store, axis);
      // The epoch is written before anything is answered, so that a crash cannot forget an epoch that clients know.
      await journal.flush();
      const isNew = opened.state === undefined;
      this.#logger.info(
        { dataDir: this.#path, epoch: roll.epoch, revision: roll.revision, instances: opened.entries },
        explain(opened.wasCut, opened.isCopy, isNew, roll.revision),
      );
      return { isComplete: !isNew && !opened.isCopy };
    } catch (cause) {
      await this.close();
      const why = cause instanceof Error ? cause.message : String(cause);
      const message =
        cause instanceof StoreError && cause.kind !== 'unwritable' ? why : `cannot use ${this.#path}: ${why}`;
      throw new RegistryError('UNAVAILABLE', message, { cause, registry: 'server' });
    }
  }

  /** The present roll in one file, which is removed after it has been read. */
  async backup(): Promise<ReadStream> {
    const { journal } = this.#targets;
    if (this.#store === undefined)
      throw new RegistryError(
        'UNAVAILABLE',
        'the server is starting or ending, and makes no backup: ask again when it is ready',
      );
    this.#backups += 1;
    const file = backupFile(this.#path, this.#backups);
    try {
      await journal.flush();
      await this.#store.backup(file);
    } catch (cause) {
      await rm(file, { force: true });
      if (RegistryError.is(cause)) throw cause;
      throw new RegistryError(
        'UNAVAILABLE',
        `the backup cannot be written: ${(cause as Error).message}; it needs room in the data folder for the roll once more`,
        { cause },
      );
    }
    const stream = createReadStream(file);
    // An open file can be read to its end although it is removed.
    stream.once('open', () => void rm(file, { force: true }));
    return stream;
  }

  /** Releases a folder that was not opened, without a change to it. */
  async abandon(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.abandon();
  }

  /** Writes what is left, and releases the folder for another server. */
  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await this.#targets.journal.close();
    await store
      ?.close()
      .catch((err: unknown) =>
        this.#logger.error({ err }, 'the store could not be closed; all that clients were told is on the disk'),
      );
  }
}

function explain(wasCut: boolean, isCopy: boolean, isNew: boolean, revision: number): string {
  if (isNew) return 'the data folder is new, so the roll begins empty';
  if (isCopy) return 'the data folder is a copy or a backup: it goes on in a new epoch, and services register again';
  if (!wasCut) return `restored up to revision ${revision}`;
  return `restored up to revision ${revision}; the last stop was not clean: a group that was being written is cut, and no client had been told of it`;
}

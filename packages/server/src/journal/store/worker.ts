/** The store's thread. It alone touches the disk, so that a slow disk holds up neither renewals nor reads. */
import { parentPort, workerData } from 'node:worker_threads';
import { type FromStore, type StoreStart, type ToStore, unpack } from './messages.ts';
import { SqliteStore } from './sqlite-store.ts';
import { StoreError } from './store-error.ts';

if (parentPort !== null) serve(parentPort, workerData as StoreStart);

type Port = NonNullable<typeof parentPort>;

function serve(port: Port, { folder, isBackup }: StoreStart): void {
  const tell = (message: FromStore): void => port.postMessage(message);
  const attempt = (what: () => void): void => {
    try {
      what();
    } catch (error) {
      tell({ type: 'failed', failure: StoreError.describe(error) });
    }
  };
  let store: SqliteStore | undefined;
  attempt(() => {
    store = SqliteStore.open(folder, isBackup);
    tell({ type: 'opened', opened: store.opened });
  });
  if (store !== undefined) listen(port, store, tell, attempt);
}

function listen(
  port: Port,
  store: SqliteStore,
  tell: (message: FromStore) => void,
  attempt: (what: () => void) => void,
): void {
  // The thread reads without a request, because the server's thread may still be loading the program.
  attempt(() => {
    for (const part of store.read()) tell({ type: 'part', part });
    tell({ type: 'done' });
  });
  attempt(() => {
    store.check();
    tell({ type: 'done' });
  });
  port.on('message', (message: ToStore) =>
    attempt(() => {
      if (message.type === 'begin') store.begin();
      else if (message.type === 'commit') store.commit(unpack(message.group));
      else if (message.type === 'backup') store.backup(message.file);
      else store.close();
      tell({ type: 'done' });
      // A thread without listeners ends.
      if (message.type === 'close') port.close();
    }),
  );
}

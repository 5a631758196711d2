// A complete adapter in about sixty lines. The backend is a board that several registry objects share: a map of nodes
// and an EventEmitter. An adapter says how its backend puts, renews, removes, reads and watches one node. The guard
// (createRegistry) does the rest: it checks and copies arguments, sets deadlines, orders calls, retries, and runs the
// watches.
import { EventEmitter } from 'node:events';
import { RegistryError } from '@rollcall/core';
import { aborted, createRegistry, keyOf } from '@rollcall/core/adapter';

/**
 * @typedef {import('@rollcall/core/adapter').RegistryDriver} RegistryDriver
 * @typedef {{ entry: import('@rollcall/core/adapter').Entry, holder: object, expiry?: NodeJS.Timeout }} Note
 * @typedef {{ notes: Map<string, Note>, events: EventEmitter }} Board
 */

/** @returns {Board} */
export const createBoard = () => ({ notes: new Map(), events: new EventEmitter().setMaxListeners(0) });

/** @type {import('@rollcall/core').Capabilities} The conformance suite tests this adapter against these. */
const capabilities = {
  minTtlMs: 50,
  ttlResolutionMs: 1,
  expirySlackMs: 250,
  propagationMs: 0,
  maxNodeBytes: 32_768,
  removesOthers: 'any',
  takesOver: true,
  durable: false,
  namespaces: false,
  crossProcess: false,
  crossHost: false,
};

/** @implements {RegistryDriver} */
class BoardDriver {
  name = 'board';
  capabilities = capabilities;
  /** @param {Board} board */
  constructor(board) {
    this.board = board;
  }
  async connect() {}
  /** @type {import('@rollcall/core/adapter').RegistryDriver['put']} */
  async put(entries, lease) {
    for (const entry of entries) this.#write(entry, lease);
  }
  /** @type {import('@rollcall/core/adapter').RegistryDriver['renew']} */
  async renew(keys, lease) {
    const notes = keys.map(({ name, id }) => this.board.notes.get(keyOf(name, id)));
    const taken = notes.find((note) => note && note.holder !== this);
    if (taken) throw new RegistryError('CONFLICT', `another holds ${taken.entry.node.id}`);
    for (const note of notes) if (note) this.#write(note.entry, lease);
    return keys.filter((_, index) => notes[index] === undefined);
  }
  /** @type {import('@rollcall/core/adapter').RegistryDriver['remove']} */
  async remove(keys) {
    for (const key of keys) this.#erase(key, 'deregistered');
  }
  /** @param {string | undefined} name */
  async read(name) {
    return this.#entries(name);
  }
  /** @param {string | undefined} name */
  #entries(name) {
    return [...this.board.notes.values()]
      .map(({ entry }) => entry)
      .filter((entry) => name === undefined || entry.name === name);
  }
  /** @type {import('@rollcall/core/adapter').RegistryDriver['watch']} */
  async watch(name, sink, { signal }) {
    sink.snapshot(this.#entries(name));
    const listener = (/** @type {(to: typeof sink) => void} */ tell) => tell(sink);
    this.board.events.on('change', listener);
    await aborted(signal);
    this.board.events.off('change', listener);
  }
  /** @param {unknown} cause */
  toError(cause) {
    return new RegistryError('INTERNAL', 'the board broke', { cause });
  }
  /** @type {import('@rollcall/core/adapter').RegistryDriver['close']} */
  async close({ withdraw }) {
    for (const key of withdraw)
      if (this.board.notes.get(keyOf(key.name, key.id))?.holder === this) this.#erase(key, 'deregistered');
  }
  /** @param {import('@rollcall/core/adapter').Entry} entry @param {import('@rollcall/core/adapter').Lease | undefined} lease */
  #write(entry, lease) {
    const key = { name: entry.name, id: entry.node.id };
    clearTimeout(this.board.notes.get(keyOf(key.name, key.id))?.expiry);
    /** @type {Note} */
    const note = { entry, holder: this };
    if (lease) this.#expireAfter(lease.ttlMs, note, key);
    this.board.notes.set(keyOf(key.name, key.id), note);
    this.board.events.emit('change', (/** @type {import('@rollcall/core/adapter').WatchSink} */ sink) =>
      sink.put(entry),
    );
  }
  /** Expires a note after `ms`. A timer of the platform lasts 24.8 days at most, so a longer wait takes several. @param {number} ms @param {Note} note @param {import('@rollcall/core/adapter').EntryKey} key */
  #expireAfter(ms, note, key) {
    const step = Math.min(ms, 2 ** 31 - 1);
    const next = () => (ms > step ? this.#expireAfter(ms - step, note, key) : this.#erase(key, 'expired'));
    note.expiry = setTimeout(next, step).unref();
  }
  /** @param {import('@rollcall/core/adapter').EntryKey} key @param {import('@rollcall/core').DeleteReason} reason */
  #erase(key, reason) {
    clearTimeout(this.board.notes.get(keyOf(key.name, key.id))?.expiry);
    this.board.notes.delete(keyOf(key.name, key.id));
    this.board.events.emit('change', (/** @type {import('@rollcall/core/adapter').WatchSink} */ sink) =>
      sink.remove(key, reason),
    );
  }
}

/** @param {Board} board @param {import('@rollcall/core').RegistryOptions} [options] */
export function board(board, options = {}) {
  const registry = createRegistry(new BoardDriver(board), options);
  if (options.namespace !== undefined)
    throw new RegistryError('NOT_SUPPORTED', 'a board has no namespaces: use one board each');
  return registry;
}

const common = createBoard();

/** @type {import('@rollcall/core/adapter').AdapterDescriptor} `--registry ./board-registry.js` reads this. */
export const adapter = {
  name: 'board',
  create: (options) => board(common, options),
  capabilities,
  addresses: { kind: 'none' },
  loopbackIsLocal: true,
  environment: [],
};

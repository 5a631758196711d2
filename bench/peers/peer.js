/**
 * A server under load.
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {number} [most] How many instances it is given at most.
 * @property {boolean} [isOurs]
 * @property {(ttlMs: number) => Promise<void>} start With nothing stored.
 * @property {() => Promise<void>} kill As a machine dies.
 * @property {() => Promise<void>} restart On what it had stored.
 * @property {() => Promise<void>} dispose
 * @property {() => number} pid
 * @property {() => Promise<Lane>} lane
 * @property {(service: string, onData: (chunk: Buffer) => void) => Promise<() => void>} watch `onData` is given at least the new content of whatever changes.
 * @property {(index: number) => string} gone What a watcher reads in the event of a node that is gone.
 */

/**
 * One connection, one call at a time. Each call rejects when its answer is not the expected one.
 *
 * @typedef {object} Lane
 * @property {(index: number, mark?: string) => Promise<void>} register Also a change.
 * @property {(index: number) => Promise<void>} renew
 * @property {(indices: readonly number[]) => Promise<void>} [renewAll]
 * @property {(service: string) => Promise<number>} get Answers how many bytes came.
 * @property {() => Promise<unknown>} list
 * @property {() => void} close
 */

export {};

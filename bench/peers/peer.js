/**
 * A server under load.
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {number | undefined} [most] The largest number of instances that the benchmark registers with it.
 * @property {boolean | undefined} [isVolatile] Whether it loses everything at a restart.
 * @property {(ttlMs: number) => Promise<void>} start Starts the server with nothing stored.
 * @property {() => Promise<void>} kill Ends the server by SIGKILL.
 * @property {() => Promise<void>} restart Starts the server again on its stored data.
 * @property {() => Promise<void>} dispose
 * @property {() => number} pid
 * @property {() => Promise<PeerLane>} lane
 * @property {(service: string, onData: (chunk: Buffer) => void) => Promise<() => void>} watch `onData` receives at least the new content of every changed instance.
 * @property {((chunk: Buffer, index: number) => boolean) | undefined} [isGone] Whether this chunk tells a watcher that a node is gone; absent where watchers do not hear of expiries.
 */

/**
 * One connection with one call at a time. A call rejects when its answer is not the expected one.
 *
 * @typedef {object} PeerLane
 * @property {(index: number, mark?: string) => Promise<unknown>} register Registers an instance, or changes it.
 * @property {(indices: readonly number[]) => Promise<unknown>} [registerAll]
 * @property {(index: number) => Promise<unknown>} renew
 * @property {(indices: readonly number[]) => Promise<unknown>} [renewAll]
 * @property {(service: string) => Promise<Buffer>} get Answers the bytes received.
 * @property {(service: string) => Promise<Buffer>} [getHash] Reads a service from a hash, where the peer has hashes.
 * @property {(services: number) => Promise<unknown>} [fillHashes] Writes the hashes that `getHash` reads.
 * @property {() => Promise<unknown>} list
 * @property {(index: number) => Promise<boolean>} [has] Whether an instance is registered; present where watchers do not hear of expiries.
 * @property {() => void} close
 */

/**
 * Adds the members that all peers share.
 *
 * @param {import('../../packages/backends/dist/index.js').BackendProcess} node
 * @param {(ttlMs: number) => Omit<Peer, 'start' | 'kill' | 'restart' | 'dispose' | 'pid'> & { started?: () => Promise<unknown> }} calls The peer's own members, made anew at each start.
 * @returns {Peer}
 */
export function peerOf(node, calls) {
  let { started, ...current } = calls(0);
  return {
    name: current.name,
    most: current.most,
    isVolatile: current.isVolatile,
    isGone: current.isGone,
    lane: () => current.lane(),
    watch: (service, onData) => current.watch(service, onData),
    pid: () => node.pid ?? 0,
    start: async (ttlMs) => {
      ({ started, ...current } = calls(ttlMs));
      await node.start();
      await started?.();
    },
    kill: () => node.kill(),
    restart: () => node.start(),
    dispose: () => node.dispose(),
  };
}

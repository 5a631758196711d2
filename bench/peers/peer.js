/**
 * A server under load.
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {number | undefined} [most] How many instances it is given at most.
 * @property {boolean | undefined} [isVolatile] It keeps nothing over a restart.
 * @property {(ttlMs: number) => Promise<void>} start With nothing stored.
 * @property {() => Promise<void>} kill As a machine dies.
 * @property {() => Promise<void>} restart On what it had stored.
 * @property {() => Promise<void>} dispose
 * @property {() => number} pid
 * @property {() => Promise<PeerLane>} lane
 * @property {(service: string, onData: (chunk: Buffer) => void) => Promise<() => void>} watch `onData` is given at least the new content of whatever changes.
 * @property {((chunk: Buffer, index: number) => boolean) | undefined} [isGone] Whether a watcher reads here that a node is gone; absent: watchers hear of no expiry.
 */

/**
 * One connection, one call at a time. Each call rejects when its answer is not the expected one.
 *
 * @typedef {object} PeerLane
 * @property {(index: number, mark?: string) => Promise<unknown>} register Also a change.
 * @property {(indices: readonly number[]) => Promise<unknown>} [registerAll]
 * @property {(index: number) => Promise<unknown>} renew
 * @property {(indices: readonly number[]) => Promise<unknown>} [renewAll]
 * @property {(service: string) => Promise<Buffer>} get Answers what came.
 * @property {(service: string) => Promise<Buffer>} [getHash] From a hash per service, where the peer has such a thing.
 * @property {(services: number) => Promise<unknown>} [fillHashes] What `getHash` reads.
 * @property {() => Promise<unknown>} list
 * @property {(index: number) => Promise<boolean>} [has] Where watchers hear of no expiry: whether it is there.
 * @property {() => void} close
 */

/**
 * What all peers have alike.
 *
 * @param {import('../../packages/backends/dist/index.js').BackendProcess} node
 * @param {(ttlMs: number) => Omit<Peer, 'start' | 'kill' | 'restart' | 'dispose' | 'pid'> & { started?: () => Promise<unknown> }} calls Made again at each start.
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

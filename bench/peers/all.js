import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findBinary } from '../../packages/backends/dist/index.js';
import { consul } from './consul.js';
import { etcd } from './etcd.js';
import { floor } from './floor.js';
import { nats } from './nats.js';
import { redis } from './redis.js';
import { rollcall } from './rollcall.js';

/**
 * How a peer is made. `binary`: the program of others; our own get arguments for Node.
 *
 * @typedef {{ binary?: Parameters<typeof findBinary>[0], make: (nodeArgs: readonly string[]) => Promise<import('./peer.js').Peer> }} Maker
 */

/** By the name that `--peers` takes. @type {Readonly<Record<string, Maker>>} */
export const makers = {
  rollcall: { make: (nodeArgs) => rollcall({ nodeArgs }) },
  etcd: { binary: 'etcd', make: etcd },
  redis: { binary: 'redis-server', make: redis },
  nats: { binary: 'nats-server', make: nats },
  floor: { make: (nodeArgs) => floor({ nodeArgs }) },
  consul: { binary: 'consul', make: consul },
};

/** Finds the program of a peer, or brings it, and asks for its version; undefined: it is ours. @param {Maker} maker */
export async function versionOf({ binary }) {
  if (binary === undefined) return undefined;
  const { stdout } = await promisify(execFile)(await findBinary(binary), ['--version']);
  return `${binary} ${/\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? ''}`.trim();
}

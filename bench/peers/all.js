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
 * How a peer is made. `binary` is the program of a third-party peer; our own peers get arguments for Node instead.
 *
 * @typedef {{ binary?: Parameters<typeof findBinary>[0], make: (nodeArgs: readonly string[]) => Promise<import('./peer.js').Peer> }} Maker
 */

/** The makers, by the names that `--peers` takes. @type {Readonly<Record<string, Maker>>} */
export const makers = {
  rollcall: { make: (nodeArgs) => rollcall({ nodeArgs }) },
  etcd: { binary: 'etcd', make: etcd },
  redis: { binary: 'redis-server', make: redis },
  nats: { binary: 'nats-server', make: nats },
  floor: { make: (nodeArgs) => floor({ nodeArgs }) },
  consul: { binary: 'consul', make: consul },
};

/** Finds or downloads the program of a peer and returns its version; undefined for our own peers. @param {Maker} maker */
export async function versionOf({ binary }) {
  if (binary === undefined) return undefined;
  const { stdout } = await promisify(execFile)(await findBinary(binary), ['--version']);
  return `${binary} ${/\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? ''}`.trim();
}

import { consul } from './consul.js';
import { etcd } from './etcd.js';
import { floor } from './floor.js';
import { nats } from './nats.js';
import { redis } from './redis.js';
import { rollcall } from './rollcall.js';

/** What makes each peer, by the name that `--peers` takes. Those on Node take arguments for it. @type {Readonly<Record<string, (nodeArgs: readonly string[]) => Promise<import('./peer.js').Peer>>>} */
export const makers = {
  rollcall: (nodeArgs) => rollcall({ nodeArgs }),
  ...{ etcd, redis, nats },
  floor: (nodeArgs) => floor({ nodeArgs }),
  consul,
};

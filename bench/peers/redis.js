import { BackendProcess, findBinary, freePorts } from '../../packages/backends/dist/index.js';
import { command, RespLane } from '../wire/resp.js';
import { idOf, perService, recordOf, serviceOf } from './instances.js';

const keyOf = (/** @type {number} */ index) => `${serviceOf(index)}/${idOf(index)}`;

/** Redis with an append-only file, synced every second as it comes: a key with a TTL per instance, a set of keys per service. @returns {Promise<import('./peer.js').Peer>} */
export async function redis() {
  const [file, [port = 0]] = await Promise.all([findBinary('redis-server'), freePorts(1)]);
  let ttlMs = 90_000;
  const node = new BackendProcess({
    file,
    args: (data) => [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', data, '--appendonly', 'yes', '--save', ''],
      ...['--notify-keyspace-events', 'Ex'],
    ],
    ready: async () => {
      const lane = await RespLane.open(port);
      const reply = await lane.send(command('PING'));
      lane.close();
      return reply.includes('PONG');
    },
  });
  return {
    name: 'Redis',
    pid: () => node.pid ?? 0,
    start: (ttl) => {
      ttlMs = ttl;
      return node.start();
    },
    kill: () => node.kill(),
    restart: () => node.start(),
    dispose: () => node.dispose(),
    watch: async (service, onData) => {
      const socket = await RespLane.subscribe(port, command('SUBSCRIBE', service, '__keyevent@0__:expired'), onData);
      return () => void socket.destroy();
    },
    gone: (index) => `${keyOf(index)}\r\n`,
    lane: async () => {
      const lane = await RespLane.open(port);
      return {
        register: async (index, mark) => {
          const json = JSON.stringify(recordOf(index, ttlMs, mark));
          const set = command('SET', keyOf(index), json, 'PX', ttlMs);
          const add = command('SADD', serviceOf(index), keyOf(index)) + command('SADD', 'services', serviceOf(index));
          const publish = command('PUBLISH', serviceOf(index), json);
          if (mark === undefined) await lane.send(set + add, 3);
          else await lane.send(set + add + publish, 4);
        },
        renew: async (index) => {
          const reply = await lane.send(command('PEXPIRE', keyOf(index), ttlMs));
          if (reply[1] !== 0x31) throw new Error('a key was lost');
        },
        renewAll: async (indices) => {
          const reply = await lane.send(
            indices.map((index) => command('PEXPIRE', keyOf(index), ttlMs)).join(''),
            indices.length,
          );
          if (reply.includes(':0')) throw new Error('a key was lost');
        },
        get: async (service) => {
          const keys = (await lane.send(command('SMEMBERS', service))).toString().split('\r\n');
          const names = keys.filter((line) => line.includes('/'));
          if (names.length !== perService) throw new Error(`${service} has ${names.length} keys`);
          return (await lane.send(command('MGET', ...names))).length;
        },
        list: () => lane.send(command('SMEMBERS', 'services')),
        close: () => lane.close(),
      };
    },
  };
}

import { BackendProcess, findBinary, freePorts } from '../../packages/backends/dist/index.js';
import { Lane, openFeed } from '../wire/lane.js';
import { command, endOfReply } from '../wire/resp.js';
import { idOf, perService, recordOf, serviceOf } from './instances.js';
import { peerOf } from './peer.js';

const keyOf = (/** @type {number} */ index) => `${serviceOf(index)}/${idOf(index)}`;

/** Redis with an append-only file, synced every second: a key with a TTL per instance, a set of keys per service. */
export async function redis() {
  const [file, [port = 0]] = await Promise.all([findBinary('redis-server'), freePorts(1)]);
  const node = new BackendProcess({
    file,
    args: (data) => [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', data, '--appendonly', 'yes', '--save', ''],
      ...['--notify-keyspace-events', 'Ex'],
    ],
    ready: async () => {
      const lane = await Lane.open(port, endOfReply);
      const reply = await lane.ask(command('PING'));
      lane.close();
      return reply.includes('PONG');
    },
  });
  return peerOf(node, (ttlMs) => ({
    name: 'Redis',
    watch: async (service, onData) =>
      (await openFeed(port, command('SUBSCRIBE', service, '__keyevent@0__:expired'), onData)).stop,
    isGone: (chunk, index) => chunk.includes(`${keyOf(index)}\r\n`),
    lane: async () => {
      const lane = await Lane.open(port, endOfReply);
      const ask = async (/** @type {string} */ commands, /** @type {number} */ count) => {
        const replies = await lane.ask(commands, count);
        if (replies[0] === 0x2d) throw new Error(`${replies}`);
        return replies;
      };
      const store = (/** @type {number} */ index, /** @type {string} */ json) =>
        command('SET', keyOf(index), json, 'PX', ttlMs) +
        command('SADD', serviceOf(index), keyOf(index)) +
        command('SADD', 'services', serviceOf(index));
      const json = (/** @type {number} */ index, /** @type {string} */ mark = 'none') =>
        JSON.stringify(recordOf(index, ttlMs, mark));
      return {
        register: (index, mark) => {
          const text = json(index, mark);
          if (mark === undefined) return ask(store(index, text), 3);
          return ask(store(index, text) + command('PUBLISH', serviceOf(index), text), 4);
        },
        registerAll: (indices) => ask(indices.map((index) => store(index, json(index))).join(''), 3 * indices.length),
        renew: async (index) => {
          const reply = await ask(command('PEXPIRE', keyOf(index), ttlMs), 1);
          if (reply[1] !== 0x31) throw new Error('a key was lost');
        },
        renewAll: async (indices) => {
          const beats = indices.map((index) => command('PEXPIRE', keyOf(index), ttlMs)).join('');
          if ((await ask(beats, indices.length)).includes(':0')) throw new Error('a key was lost');
        },
        get: async (service) => {
          const keys = (await ask(command('SMEMBERS', service), 1)).toString().split('\r\n');
          return ask(command('MGET', ...keys.filter((line) => line.includes('/'))), 1);
        },
        getHash: (service) => ask(command('HVALS', `hash/${service}`), 1),
        fillHashes: async (services) => {
          for (let index = 0; index < services * perService; index += 1)
            await ask(command('HSET', `hash/${serviceOf(index)}`, idOf(index), json(index)), 1);
        },
        list: () => ask(command('SMEMBERS', 'services'), 1),
        close: () => lane.close(),
      };
    },
  }));
}

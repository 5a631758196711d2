import { consulAgent } from '../../packages/backends/dist/index.js';
import { HttpLane } from '../wire/http.js';
import { idOf, recordOf, serviceOf } from './instances.js';
import { peerOf } from './peer.js';

/**
 * A Consul server agent: an instance is a service with a TTL check. It takes 150 registrations a second, so the
 * benchmark registers few instances with it.
 */
export async function consul() {
  const { agent, address } = await consulAgent();
  const port = Number(address.split(':')[1]);
  return peerOf(agent, (ttlMs) => ({
    name: 'Consul',
    most: 500,
    watch: async (service, onData) => {
      const lane = await HttpLane.open(port);
      let isOpen = true;
      const follow = async () => {
        let index = '0';
        while (isOpen) {
          const answer = await lane.done('GET', `/v1/health/service/${service}?passing&wait=60s&index=${index}`);
          index = /x-consul-index: *(\d+)/i.exec(answer.toString('latin1', 0, 1_000))?.[1] ?? '0';
          onData(answer);
        }
      };
      follow().catch(() => {});
      return () => {
        isOpen = false;
        lane.close();
      };
    },
    // The answer lists only instances whose check passes.
    isGone: (chunk, index) => !chunk.includes(`"ID":"${idOf(index)}"`),
    lane: async () => {
      const lane = await HttpLane.open(port);
      return {
        register: (index, mark) => {
          const { addrs, metadata } = recordOf(index, ttlMs, mark);
          const [Address = '', Port] = (addrs[0] ?? '').split(':');
          const service = { Name: serviceOf(index), ID: idOf(index), Address, Port: Number(Port), Meta: metadata };
          const Check = { TTL: `${ttlMs}ms`, Status: 'passing' };
          return lane.done('PUT', '/v1/agent/service/register', JSON.stringify({ ...service, Check }));
        },
        renew: (index) => lane.done('PUT', `/v1/agent/check/pass/service:${idOf(index)}`),
        get: (service) => lane.done('GET', `/v1/health/service/${service}?passing`),
        list: () => lane.done('GET', '/v1/catalog/services'),
        close: () => lane.close(),
      };
    },
  }));
}

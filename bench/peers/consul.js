import { consulAgent } from '../../packages/backends/dist/index.js';
import { HttpLane } from '../wire/http-lane.js';
import { idOf, recordOf, serviceOf } from './instances.js';

/** One Consul agent that is a server: a service with a TTL check per instance. It takes about 150 registrations a second, hence few. @returns {Promise<import('./peer.js').Peer>} */
export async function consul() {
  const { agent, address } = await consulAgent();
  const port = Number(address.split(':')[1]);
  let ttlMs = 90_000;
  return {
    name: 'Consul',
    most: 500,
    pid: () => agent.pid ?? 0,
    start: (ttl) => {
      ttlMs = ttl;
      return agent.start();
    },
    kill: () => agent.kill(),
    restart: () => agent.start(),
    dispose: () => agent.dispose(),
    watch: async (service, onData) => {
      const lane = await HttpLane.open(port);
      let isOpen = true;
      const follow = async () => {
        let index = '0';
        while (isOpen) {
          const { head, body } = await lane.ask('GET', `/v1/health/service/${service}?passing&wait=60s&index=${index}`);
          index = /x-consul-index: *(\d+)/i.exec(head)?.[1] ?? '0';
          onData(body);
        }
      };
      follow().catch(() => {});
      return () => {
        isOpen = false;
        lane.close();
      };
    },
    gone: () => 'not measured',
    lane: async () => {
      const lane = await HttpLane.open(port);
      return {
        register: async (index, mark) => {
          const { addrs, metadata } = recordOf(index, ttlMs, mark);
          const [Address = '', Port] = (addrs[0] ?? '').split(':');
          const service = { Name: serviceOf(index), ID: idOf(index), Address, Port: Number(Port), Meta: metadata };
          const Check = { TTL: `${ttlMs}ms`, Status: 'passing' };
          await lane.done('PUT', '/v1/agent/service/register', JSON.stringify({ ...service, Check }));
        },
        renew: async (index) => void (await lane.done('PUT', `/v1/agent/check/pass/service:${idOf(index)}`)),
        get: async (service) => (await lane.done('GET', `/v1/health/service/${service}?passing`)).length,
        list: () => lane.done('GET', '/v1/catalog/services'),
        close: () => lane.close(),
      };
    },
  };
}

import { discovery } from '../../../adapters/discovery/src/index.ts';
import { describeOutages } from './outages.ts';
import { ServerProcess } from './server.ts';

describeOutages('a discovery server', async () => {
  const server = new ServerProcess();
  await server.start();
  return {
    registry: discovery({ addresses: [server.address] }),
    env: { ROLLCALL_REGISTRY: 'discovery', ROLLCALL_REGISTRY_ADDRESS: server.address },
    kill: () => server.kill(),
    start: () => server.start(),
    dispose: () => server.kill(),
  };
});

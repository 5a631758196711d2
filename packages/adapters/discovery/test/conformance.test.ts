import { afterAll, beforeAll, describe, it } from 'vitest';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { harnessOf } from './server-harness.ts';
import { ServerProcess } from './server-process.ts';

/** Each harness has a server of its own. */
const servers = [new ServerProcess(), new ServerProcess()];
beforeAll(async () => {
  await Promise.all(servers.map((server) => server.start()));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
});

describeRegistry('discovery', servers.map(harnessOf), {
  describe,
  it,
  concurrent: describe.concurrent,
  sequential: describe.sequential,
});

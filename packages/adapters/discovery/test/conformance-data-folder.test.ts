import { afterAll, beforeAll, describe, it } from 'vitest';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { DurableServer } from './durable-server.ts';
import { harnessOf } from './server-harness.ts';

/** Four servers share the cases, since the cases that end a server mostly wait. */
const servers = Array.from({ length: 4 }, () => new DurableServer());
beforeAll(async () => {
  await Promise.all(servers.map((server) => server.start()));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.remove()));
});

describeRegistry('discovery with a data folder', servers.map(harnessOf), {
  describe,
  it,
  concurrent: describe.concurrent,
  sequential: describe.sequential,
});

import { afterAll, beforeAll, describe, it } from 'vitest';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

// Three servers that know nothing of each other; in each case another one is down from beginning to end.
const servers = [new ServerProcess(), new ServerProcess(), new ServerProcess()];
let cases = 0;

beforeAll(async () => {
  await Promise.all(servers.map((server) => server.start()));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
});

async function nextOneDown(): Promise<void> {
  const down = servers[cases % servers.length]!;
  cases += 1;
  await Promise.all(servers.map((server) => (server === down ? server.kill() : server.start())));
}

describeRegistry(
  'discovery on three servers of which one is down',
  { open: (options) => discovery({ ...options, addresses: servers.map((server) => server.address) }) },
  {
    describe,
    it: (name, body, timeoutMs) =>
      it(
        name,
        async () => {
          await nextOneDown();
          await body();
        },
        timeoutMs === undefined ? undefined : timeoutMs + 10_000,
      ),
  },
);

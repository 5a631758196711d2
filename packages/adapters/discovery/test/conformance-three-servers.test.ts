import { afterAll, beforeAll, describe, it } from 'vitest';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

// Three servers that know nothing of each other; another one is down for each third of the cases, from beginning to end.
const servers = [new ServerProcess(), new ServerProcess(), new ServerProcess()];

beforeAll(async () => {
  await Promise.all(servers.map((server) => server.start()));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
});

const harness = {
  open: (options = {}) => discovery({ ...options, addresses: servers.map((server) => server.address) }),
};

describe.each([0, 1, 2])('with server %s down', (down) => {
  beforeAll(async () => {
    await Promise.all(servers.map((server, index) => (index === down ? server.kill() : server.start())));
  });
  let cases = 0;
  describeRegistry('discovery on three servers of which one is down', harness, {
    describe,
    it(name, body, timeoutMs) {
      cases += 1;
      if (cases % servers.length === down) it(name, body, timeoutMs);
    },
    concurrent: describe.concurrent,
  });
});

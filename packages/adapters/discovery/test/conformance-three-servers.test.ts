import { afterAll, beforeAll, describe, it } from 'vitest';
import { registryCases } from '../../../conformance/src/index.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

// Three servers that know nothing of each other. Each server is down for one third of the cases, from beginning to end.
const servers = [new ServerProcess(), new ServerProcess(), new ServerProcess()];

beforeAll(async () => {
  await Promise.all(servers.map((server) => server.start()));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
});

const cases = registryCases({
  open: (options) => discovery({ ...options, addresses: servers.map((server) => server.address) }),
});

describe.each([0, 1, 2])('discovery on three servers keeps the contract with server %s down', (down) => {
  beforeAll(async () => {
    await Promise.all(servers.map((server, index) => (index === down ? server.kill() : server.start())));
  });
  for (const [index, { concern, title, run, alone }] of cases.entries()) {
    if (index % servers.length !== down) continue;
    const test = alone === undefined ? it.concurrent : it;
    test(`${concern}: ${title}`, run, 120_000);
  }
});

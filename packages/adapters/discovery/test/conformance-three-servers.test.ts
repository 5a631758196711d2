import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { registryCases } from '../../../conformance/src/index.ts';
import { Authority } from '../../../server/test/access/certificates.ts';
import { TokensFile } from '../../../server/test/access/tokens.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

// Three servers that know nothing of each other; another one is down for each third of the cases, from beginning to end.
// They ask for tokens, certificates and secrets of leases: the contract is the same.
const tokens = new TokensFile();
const path = (name: string): string => join(tokens.folder, name);
const token = tokens.add('all', { role: 'admin' });
const tlsFiles = { ca: path('ca.pem'), cert: path('client.pem'), key: path('client.key') };
const secured = [
  ...['--tokens-file', tokens.path, '--tls-cert', path('server.pem'), '--tls-key', path('server.key')],
  ...['--tls-client-ca', path('ca.pem'), '--lease-secrets', '--audit-log', path('audit.log')],
];
const server = (): ServerProcess => new ServerProcess(['--protection', 'off', '--no-warm-up', ...secured]);
const servers = [server(), server(), server()];

beforeAll(async () => {
  const authority = await Authority.make('ours');
  const [ofServer, ofClient] = await Promise.all([authority.sign('server'), authority.sign('client')]);
  writeFileSync(path('ca.pem'), authority.cert);
  writeFileSync(path('server.pem'), ofServer.cert);
  writeFileSync(path('server.key'), ofServer.key);
  writeFileSync(path('client.pem'), ofClient.cert);
  writeFileSync(path('client.key'), ofClient.key);
  await Promise.all(servers.map((one) => one.start()));
});
afterAll(async () => {
  await Promise.all(servers.map((one) => one.kill()));
  tokens[Symbol.dispose]();
});

const cases = registryCases({
  open: (options) =>
    discovery({ ...options, token, tlsFiles, addresses: servers.map(({ address }) => `https://${address}`) }),
});

describe.each([0, 1, 2])(
  'discovery on three servers with tokens and TLS keeps the contract with server %s down',
  (down) => {
    beforeAll(async () => {
      await Promise.all(servers.map((one, index) => (index === down ? one.kill() : one.start())));
    });
    for (const [index, { concern, title, run, alone }] of cases.entries()) {
      if (index % servers.length !== down) continue;
      const test = alone === undefined ? it.concurrent : it;
      test(`${concern}: ${title}`, run, 120_000);
    }
  },
);

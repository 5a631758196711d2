import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { registryCases } from '../../../conformance/src/index.ts';
import { Authority } from '../../../server/test/access/certificates.ts';
import { TokensFile } from '../../../server/test/access/tokens.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

// The server requires tokens, certificates and lease secrets; the contract stays the same.
const tokens = new TokensFile();
const path = (name: string): string => join(tokens.folder, name);
const token = tokens.add('all', { role: 'admin' });
const tlsFiles = { ca: path('ca.pem'), cert: path('client.pem'), key: path('client.key') };
const server = new ServerProcess([
  ...['--protection', 'off', '--no-warm-up', '--log-level', 'error', '--tokens-file', tokens.path],
  ...['--tls-cert', path('server.pem'), '--tls-key', path('server.key'), '--tls-client-ca', path('ca.pem')],
  ...['--lease-secrets', '--audit-log', path('audit.log')],
]);

beforeAll(async () => {
  const authority = await Authority.make('ours');
  const [ofServer, ofClient] = await Promise.all([authority.sign('server'), authority.sign('client')]);
  writeFileSync(path('ca.pem'), authority.cert);
  writeFileSync(path('server.pem'), ofServer.cert);
  writeFileSync(path('server.key'), ofServer.key);
  writeFileSync(path('client.pem'), ofClient.cert);
  writeFileSync(path('client.key'), ofClient.key);
  await server.start();
});
afterAll(async () => {
  await server.kill();
  tokens[Symbol.dispose]();
});

const cases = registryCases({
  open: (options) => discovery({ ...options, token, tlsFiles, addresses: [`https://${server.address}`] }),
});

/** `npm run test:long` runs every case, other runs every fourth. */
const step = inFull ? 1 : 4;

describe('discovery with tokens and TLS keeps the contract', () => {
  for (const [index, { concern, title, run, alone }] of cases.entries()) {
    if (index % step !== 0) continue;
    const test = alone === undefined ? it.concurrent : it;
    test(`${concern}: ${title}`, run, 120_000);
  }
});

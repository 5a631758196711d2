import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, type AgentOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type DiscoveryServer, type ServerOptions } from '../../src/index.ts';
import { Authority, type Pair } from './certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-tls-'));
const file = (name: string, text?: string): string => {
  const path = join(folder, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};
const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let ours: Authority;
let others: Authority;
let server: Pair;
let client: Pair;
beforeAll(async () => {
  [ours, others] = await Promise.all([Authority.make('ours'), Authority.make('others')]);
  [server, client] = await Promise.all([ours.sign('server'), ours.sign('client')]);
});

/** Writes the certificate files and starts a server with them. */
async function start(pair: Pair = server, clientCa?: string): Promise<{ server: DiscoveryServer; port: number }> {
  const options: ServerOptions = {
    ...{ port: 0, warmUpMs: 0, tlsCert: file('cert.pem', pair.cert), tlsKey: file('key.pem', pair.key) },
    ...(clientCa === undefined ? {} : { tlsClientCa: file('ca.pem', clientCa) }),
  };
  const started = createServer(options);
  endings.push(() => started.close());
  const { port, url } = await started.listen();
  expect(url).toBe(`https://127.0.0.1:${port}`);
  return { server: started, port };
}

const agentOf = (options: AgentOptions = {}): Agent => {
  const agent = new Agent({ keepAlive: true, ca: ours.cert, maxSockets: 1, ...options });
  endings.push(() => agent.destroy());
  return agent;
};

/** Resolves with the answer, or rejects with the error of the connection. */
async function get(
  port: number,
  agent: Agent,
  path = '/api/status',
): Promise<IncomingMessage & { readonly body?: string }> {
  return await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent }, (response) => {
      if (path.startsWith('/api/watch')) return resolve(response);
      response.resume().once('end', () => resolve(response));
    });
    sent.once('error', reject).end();
  });
}
const status = (port: number, agent: Agent): Promise<number | string | undefined> =>
  get(port, agent).then(
    ({ statusCode }) => statusCode,
    (error: NodeJS.ErrnoException) => error.code,
  );

/** The name in the certificate that a server shows on a new connection. */
async function shownBy(port: number): Promise<unknown> {
  const socket = connect({ host: '127.0.0.1', port, ca: ours.cert });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
}

describe('a server with a certificate', () => {
  it('a client trusts the certificate of the server only if it knows the authority, and plain HTTP gets no answer', async () => {
    const { port } = await start();
    expect(await status(port, agentOf())).toBe(200);
    expect(await status(port, agentOf({ ca: others.cert }))).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET/);
    const plain = httpRequest({ host: '127.0.0.1', port, path: '/healthz' });
    const [error] = await once(plain.end(), 'error').catch((cause: unknown) => [cause]);
    expect(error).toBeInstanceOf(Error);
    expect(await status(port, agentOf())).toBe(200);
  });

  it('the server refuses TLS 1.1', async () => {
    const { port } = await start();
    const socket = connect({ host: '127.0.0.1', port, ca: ours.cert, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' });
    const [error] = (await once(socket, 'error').catch((cause: unknown) => [cause])) as [Error];
    expect(error.message).toMatch(/protocol version|unsupported protocol|no protocols/i);
  });

  it('after a reload new connections get the renewed certificate, and open connections go on', async () => {
    const running = await start();
    const agent = agentOf();
    const first = await get(running.port, agent);
    const renewed = await ours.sign('renewed');
    file('cert.pem', renewed.cert);
    file('key.pem', renewed.key);
    await running.server.reload();
    expect(await shownBy(running.port)).toBe('renewed');
    const second = await get(running.port, agent);
    expect(second.statusCode).toBe(200);
    expect(second.headers.connection).toBe('keep-alive');
    expect(second.socket).toBe(first.socket);
  });

  it('a reload of a bad file fails and says what is wrong, and the earlier content stays in use', async () => {
    const running = await start();
    file('cert.pem', (await ours.sign('renewed')).cert);
    await expect(running.server.reload()).rejects.toThrow(/the key in .*key.pem is not that of the first certificate/);
    expect(await shownBy(running.port)).toBe('server');
  });
});

describe('a server whose files cannot work does not start, and says why', () => {
  const day = 86_400_000;
  const at = (days: number): Date => new Date(Date.now() + days * day);
  const withPassphrase = ({ key }: Pair): string =>
    createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string;

  it.each<[string, () => Promise<Partial<ServerOptions>> | Partial<ServerOptions>, RegExp]>([
    ['no such file', () => ({ tlsCert: file('none.pem') }), /cannot read the certificate file: .*none\.pem/],
    ['no PEM', () => ({ tlsCert: file('text.pem', 'hello') }), /text\.pem holds no PEM certificate/],
    [
      'a certificate that is damaged',
      () => ({ tlsCert: file('damaged.pem', server.cert.replace(/M/, 'x')) }),
      /damaged\.pem holds a certificate that cannot be read/,
    ],
    [
      'an expired certificate',
      async () => ({ tlsCert: file('expired.pem', (await ours.sign('old', { from: at(-9), to: at(-1) })).cert) }),
      /certificate of "CN=old" in .*expired\.pem has expired: it was valid to /,
    ],
    [
      'a certificate of the future',
      async () => ({ tlsCert: file('early.pem', (await ours.sign('early', { from: at(1), to: at(9) })).cert) }),
      /is not valid before /,
    ],
    [
      'the key of another',
      () => ({ tlsKey: file('other.pem', client.key) }),
      /the key in .*other\.pem is not that of the first/,
    ],
    ['no key', () => ({ tlsKey: file('cert-as-key.pem', server.cert) }), /cert-as-key\.pem holds no PEM key/],
    [
      'a key with a passphrase',
      () => ({ tlsKey: file('locked.pem', withPassphrase(server)) }),
      /holds no PEM key, or one with a passphrase/,
    ],
    [
      'an authority without a certificate',
      () => ({ tlsClientCa: file('no-ca.pem', server.key) }),
      /no-ca\.pem holds no PEM certificate/,
    ],
    ['a certificate without a key', () => ({ tlsKey: undefined }), /tlsCert and tlsKey must be given together/],
    [
      'authorities of clients without a certificate',
      () => ({ tlsCert: undefined, tlsKey: undefined, tlsClientCa: 'x' }),
      /tlsClientCa needs tlsCert and tlsKey/,
    ],
  ])('a server does not start with wrong files, and says why: %s', async (_, options, message) => {
    const good = { tlsCert: file('good.pem', server.cert), tlsKey: file('good.key', server.key) };
    const over = await options();
    let said = '';
    try {
      createServer({ port: 0, ...good, ...over });
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(message);
    expect(said).not.toContain('PRIVATE KEY');
  });
});

describe('a server that asks clients for a certificate', () => {
  it('a server with client authorities refuses a client with no certificate, an expired one, or one of another authority', async () => {
    const { port } = await start(server, ours.cert);
    const stranger = await others.sign('stranger');
    const old = await ours.sign('old', { from: new Date(Date.now() - 9e8), to: new Date(Date.now() - 1e8) });
    expect(await status(port, agentOf(client))).toBe(200);
    for (const pair of [{}, stranger, old]) expect(await status(port, agentOf(pair))).not.toBe(200);
    expect(await status(port, agentOf(client))).toBe(200);
  });

  it('after a reload that drops an authority, its clients lose their next request, their watch and their session ticket', async () => {
    const running = await start(server, ours.cert);
    const agent = agentOf(client);
    // A ticket would let the client in again without a certificate.
    let ticket: Buffer | undefined;
    const early = connect({ host: '127.0.0.1', port: running.port, ca: ours.cert, ...client }).resume();
    early.on('session', (session: Buffer) => {
      ticket = session;
    });
    early.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await expect.poll(() => ticket).toBeDefined();
    early.destroy();
    expect((await get(running.port, agent)).headers.connection).toBe('keep-alive');
    const watch = await get(running.port, agentOf(client), '/api/watch?env=e');
    const ended = new Promise((resolve) =>
      watch
        .resume()
        .on('error', () => {})
        .once('close', resolve),
    );
    file('ca.pem', others.cert);
    await running.server.reload();
    await ended;
    expect((await get(running.port, agent)).headers.connection).toBe('close');
    expect(await status(running.port, agent)).not.toBe(200);
    const again: TLSSocket = connect({
      host: '127.0.0.1',
      port: running.port,
      ca: ours.cert,
      session: ticket!,
      ...client,
    });
    let answer = '';
    again.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    again.on('error', () => {});
    const closed = new Promise((resolve) => again.once('close', resolve));
    again.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await closed;
    expect(answer).toBe('');
    expect(await status(running.port, agentOf(await others.sign('new')))).toBe(200);
  });
});

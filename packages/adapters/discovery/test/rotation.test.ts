/** The test replaces credentials as an operator does, while services run: no renewal fails, no node leaves the roll. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Registry, RegistryError, type WatchEvent } from '@rollcall/core';
import { afterEach, expect, it } from 'vitest';
import { inFull, tenthOf } from '../../../backends/src/index.ts';
import { Authority, type Pair } from '../../../server/test/access/certificates.ts';
import { TokensFile } from '../../../server/test/access/tokens.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

/** The number of services: a hundred in `npm run test:long`. */
const count = tenthOf(100);
const ttlMs = 20_000;
/** The declared interval. Services renew eight times as often, so that a busy machine makes none of them late. */
const renewIntervalMs = 4_000;
const actualIntervalMs = 500;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const tokens = new TokensFile();
const path = (name: string): string => join(tokens.folder, name);
/** Replaces a file as a whole: a reader sees the old text or the new one. */
function put(name: string, text: string): void {
  writeFileSync(path(`${name}.new`), text);
  renameSync(path(`${name}.new`), path(name));
}
function putPair(name: string, { cert, key }: Pair): void {
  put(`${name}.key`, key);
  put(`${name}.pem`, cert);
}

/** A service with a registry of its own that renews, as in a program of its own. */
class Service {
  readonly id: string;
  renewals = 0;
  readonly failures: unknown[] = [];
  readonly #registry: Registry;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | undefined;

  constructor(id: string, registry: Registry) {
    this.id = id;
    this.#registry = registry;
  }

  async start(): Promise<void> {
    await this.#renew();
    this.#timer = setInterval(() => {
      this.#renewing ??= this.#renew().finally(() => {
        this.#renewing = undefined;
      });
    }, actualIntervalMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    await this.#registry.close({ withdraw: false });
  }

  async #renew(): Promise<void> {
    try {
      const nodes = [{ id: this.id, address: '10.0.0.1:80' }];
      await this.#registry.register({ name: 'web', nodes }, { ttlMs, renewIntervalMs });
      this.renewals += 1;
    } catch (error) {
      this.failures.push(error);
    }
  }
}

it(
  `${count} services stay registered while their tokens, the server's certificate and its authority are replaced`,
  async () => {
    const [first, second] = await Promise.all([Authority.make('first'), Authority.make('second')]);
    mkdirSync(tokens.folder, { recursive: true });
    put('token', tokens.add('first', { role: 'write' }));
    put('authorities.pem', first.cert);
    putPair('server', await first.sign('server'));
    putPair('client', await first.sign('client'));
    const server = new ServerProcess([
      ...[
        '--protection',
        'off',
        '--no-warm-up',
        '--log-level',
        'error',
        '--tokens-file',
        tokens.path,
        '--tls-client-ca',
        path('authorities.pem'),
      ],
      ...['--tls-cert', path('server.pem'), '--tls-key', path('server.key')],
    ]);
    await server.start();
    cleanUps.push(
      () => tokens[Symbol.dispose](),
      () => server.kill(),
    );
    const open = (): Registry =>
      discovery({
        addresses: [`https://${server.address}`],
        tokenFile: path('token'),
        tlsFiles: { ca: path('authorities.pem'), cert: path('client.pem'), key: path('client.key') },
      });

    const events: WatchEvent[] = [];
    const observer = open();
    cleanUps.push(() => observer.close());
    const watcher = observer.watch({ name: 'web' });
    void (async () => {
      for await (const event of watcher) events.push(event);
    })();
    const services = Array.from({ length: count }, (_, index) => new Service(`n${index}`, open()));
    cleanUps.push(() => Promise.all(services.map((service) => service.stop())));
    await Promise.all(services.map((service) => service.start()));

    /** Waits until each service has tried two more renewals; none may have failed except by timeout. */
    const settled = async (step: string): Promise<void> => {
      const before = services.map(({ renewals, failures }) => renewals + failures.length);
      const isSettled = (): boolean =>
        services.every(({ renewals, failures }, index) => renewals + failures.length >= before[index]! + 2);
      await expect.poll(isSettled, { timeout: 30_000 }).toBe(true);
      // A machine that is busy with handshakes may answer late; the next renewal makes up for it.
      // No other failure may happen.
      const failures = services
        .flatMap((service) => service.failures)
        .filter((error) => !RegistryError.is(error, 'TIMEOUT'))
        .map(String);
      expect([step, failures]).toEqual([step, []]);
    };
    const reload = async (step: string): Promise<void> => {
      server.signal('SIGHUP');
      await settled(step);
    };
    await settled('before');

    const next = tokens.add('second', { role: 'write' });
    await reload('a second token');
    put('token', next);
    tokens.remove('first');
    await reload('without the first token');

    putPair('server', await first.sign('server'));
    await reload('another certificate of the server');

    put('authorities.pem', `${first.cert}\n${second.cert}`);
    await reload('a second authority');
    putPair('client', await second.sign('client'));
    putPair('server', await second.sign('server'));
    await reload('certificates of the second authority');
    put('authorities.pem', second.cert);
    await reload('without the first authority');

    expect((await observer.getService('web'))[0]?.nodes).toHaveLength(count);
    const states = (): string[] =>
      events.map(({ type }) => type).filter((type) => type === 'synced' || type === 'interrupted');
    await expect.poll(() => states().at(-1), { timeout: 20_000 }).toBe('synced');
    expect(events.filter(({ type }) => type === 'delete')).toEqual([]);
    expect(events.filter(({ type }) => type === 'create')).toHaveLength(count);
    // The interruptions of the observer prove that the server did apply the changes.
    expect(events.filter(({ type }) => type === 'interrupted').length).toBeGreaterThanOrEqual(2);
  },
  inFull ? 300_000 : 120_000,
);

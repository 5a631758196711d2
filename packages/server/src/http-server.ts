import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { RegistryError } from '@rollcall/core';
import type { FastifyInstance } from 'fastify';
import type { GuardedRoute } from './access/access-guard.ts';
import type { Caller } from './access/caller.ts';
import { Security } from './access/security.ts';
import { ChangeLog } from './changes/change-log.ts';
import { WaitingRoom } from './changes/waiting-room.ts';
import type { DiscoveryServer, ServerAddress } from './discovery-server.ts';
import { HeldLeases } from './fronts/native/held-leases.ts';
import { nativeFront } from './fronts/native/native-front.ts';
import { Snapshots } from './fronts/native/snapshots.ts';
import { WatchHub } from './fronts/native/watch/watch-hub.ts';
import { createApp } from './http/create-app.ts';
import { explainBind } from './http/explain-bind.ts';
import { LazyValidators } from './http/lazy-validators.ts';
import { OpenAnswers } from './http/open-answers.ts';
import { operatorRoutes } from './http/operator-routes.ts';
import { Pacer } from './http/pacer.ts';
import { Readiness } from './http/readiness.ts';
import { RepeatedHeads } from './http/repeats/repeated-heads.ts';
import type { Tls } from './http/tls.ts';
import type { DataFolder } from './journal/data-folder.ts';
import { keepRoll, publishedOf } from './journal/keep-roll.ts';
import type { StoreThread } from './journal/store/store-thread.ts';
import { logRequests } from './logs/request-log.ts';
import { RollLog } from './logs/roll-log.ts';
import { Metrics } from './metrics/metrics.ts';
import { describeApi, openApiRoute } from './openapi/describe-api.ts';
import { Roll } from './roll/roll.ts';
import type { ServerFiles } from './server-files.ts';
import { changeLogBytes, changeLogSize, rollPart, type ServerSettings } from './server-options.ts';

/** A server whose program is loaded. `routes` and `repeatedCount` are for tests. */
export class HttpServer implements DiscoveryServer {
  readonly #settings: ServerSettings;
  readonly #roll: Roll;
  readonly #watches: WatchHub;
  readonly #waiting: WaitingRoom;
  readonly #snapshots: Snapshots;
  readonly #rollLog: RollLog;
  readonly #app: FastifyInstance;
  readonly #tls: Tls | undefined;
  readonly #validators = new LazyValidators();
  readonly #security: Security;
  readonly #answers: OpenAnswers;
  readonly #repeats: RepeatedHeads;
  readonly #readiness: Readiness;
  readonly #folder: DataFolder | undefined;
  readonly #startedAt: number;
  #binding: Promise<unknown> | undefined;
  #cancelWarmUp: (() => void) | undefined;
  #warming: boolean;
  #closing: Promise<void> | undefined;

  /** Every route with the rights that it needs. */
  get routes(): readonly GuardedRoute[] {
    return this.#security.routes;
  }

  /** Requests that were answered without the HTTP parser and the framework. */
  get repeatedCount(): number {
    return this.#repeats.count;
  }

  /** `store`: the store of the data folder; its thread is running. */
  constructor(settings: ServerSettings, files: ServerFiles, store: StoreThread | undefined) {
    const { clock, protection, warmUpMs } = settings;
    this.#settings = settings;
    this.#startedAt = clock.now();
    this.#warming = warmUpMs > 0;
    const maxBytes = rollPart * heapLimitBytes();
    const isKept = store !== undefined;
    const roll = new Roll({ clock, protection: protection === 'on', cpuTimeMs, maxBytes, isKept });
    this.#roll = roll;
    const published = publishedOf(roll, isKept);
    const start = { revision: roll.revision, at: clock.wallNow() };
    const log = new ChangeLog({ changes: changeLogSize, bytes: changeLogBytes }, start);
    const waiting = new WaitingRoom(clock);
    this.#waiting = waiting;
    const isWarming = (): boolean => this.#warming;
    const pacer = new Pacer();
    const snapshots = new Snapshots(published, clock);
    this.#snapshots = snapshots;
    const { maxWatches } = settings;
    const watches = new WatchHub({ roll: published, log, snapshots, pacer, clock, isWarming, maxWatches });
    this.#watches = watches;
    this.#rollLog = new RollLog(settings.logger, clock);
    const metrics = new Metrics({ roll, log, watches, isWarming });
    // Watches and waiting requests follow last, because they read from the other followers.
    const followers = [log, snapshots, this.#rollLog, metrics.follower, watches, waiting];
    const observe = () => metrics.store();
    const { durability, folder } = keepRoll({ settings, store, roll, published, log, observe, followers });
    this.#folder = folder;
    this.#tls = files.tls;
    this.#app = createApp(settings, this.#tls, this.#validators);
    const observers = [logRequests(this.#app, settings), metrics.measure(this.#app)];
    this.#answers = new OpenAnswers(this.#app, clock);
    this.#security = new Security({ app: this.#app, settings, files, roll });
    const { quota, secrets } = this.#security;
    const isCurrent = (caller: Caller, socket: Socket): boolean => this.#security.isCurrent(caller, socket);
    this.#repeats = new RepeatedHeads({ app: this.#app, clock, answers: this.#answers, isCurrent, observers });
    const describe = describeApi(this.#app, version);
    const uptimeMs = (): number => clock.now() - this.#startedAt;
    this.#app.register(nativeFront, {
      prefix: '/api',
      roll,
      published,
      durability,
      backup: folder && (() => folder.backup()),
      watches,
      leases: new HeldLeases(roll, secrets),
      quota,
      snapshots,
      pacer,
      log,
      clock,
      waiting,
      protection,
      isWarming,
      uptimeMs,
    });
    this.#readiness = new Readiness(this.#app, () => explainProgress(folder));
    this.#app.register(openApiRoute, { prefix: '/api', describe });
    this.#app.register(operatorRoutes, { metrics });
  }

  async listen(): Promise<ServerAddress> {
    const { host, port, warmUpMs, clock } = this.#settings;
    await this.#app.ready();
    this.#security.checkRoutes();
    if (this.#closing !== undefined) throw closed();
    this.#binding = this.#app.listen({ host, port });
    try {
      await this.#binding;
    } catch (cause) {
      await this.#folder?.abandon();
      await this.close();
      throw new RegistryError('UNAVAILABLE', explainBind(cause, host, port), { cause, registry: 'server' });
    }
    await this.#restore();
    if (this.#closing !== undefined) throw closed();
    if (this.#warming) this.#cancelWarmUp = clock.setTimer(warmUpMs, () => this.#warmed());
    const address = this.#app.server.address();
    const bound = typeof address === 'object' && address !== null ? address.port : port;
    const scheme = this.#tls === undefined ? 'http' : 'https';
    return { host, port: bound, url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}` };
  }

  async reload(): Promise<void> {
    try {
      this.#security.reload();
    } finally {
      this.#watches.recheck((caller, socket) => this.#security.isCurrent(caller, socket));
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Reads the stored roll. A complete roll needs no warm-up: an instance that it does not list is gone. */
  async #restore(): Promise<void> {
    try {
      const [restored] = await Promise.all([this.#folder?.open(), this.#validators.load()]);
      const { isComplete = false } = restored ?? {};
      if (isComplete) this.#warming = false;
      this.#readiness.ready();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  #warmed(): void {
    this.#warming = false;
    this.#settings.logger.info({}, 'warm-up is over: an instance that has not registered by now is gone');
    this.#watches.warmed();
  }

  async #close(): Promise<void> {
    // A port that is being bound could otherwise stay open after the close.
    await this.#binding?.catch(() => {});
    this.#cancelWarmUp?.();
    this.#watches.close();
    this.#waiting.close();
    await this.#answers.close();
    this.#snapshots.close();
    this.#roll.close();
    await this.#folder?.close();
    this.#rollLog.close();
    await this.#security.close();
  }
}

const closed = (): RegistryError =>
  new RegistryError('CLOSED', 'the server was closed while it started: create another one', { registry: 'server' });

function explainProgress(folder: DataFolder | undefined): string {
  const { read, total } = folder?.progress ?? { read: 0, total: 0 };
  return total === 0 ? 'the store is being opened' : `${read} of ${total} instances are read`;
}

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

const heapLimitBytes = (): number => getHeapStatistics().heap_size_limit;

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

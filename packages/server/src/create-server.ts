import { getHeapStatistics } from 'node:v8';
import { RegistryError } from '@rollcall/core';
import type { FastifyInstance } from 'fastify';
import { guardHost } from './access/host-guard.ts';
import { ChangeLog } from './changes/change-log.ts';
import { WaitingRoom } from './changes/waiting-room.ts';
import { nativeFront } from './fronts/native/native-front.ts';
import { Snapshots } from './fronts/native/snapshots.ts';
import { WatchHub } from './fronts/native/watch/watch-hub.ts';
import { createApp } from './http/create-app.ts';
import { OpenAnswers } from './http/open-answers.ts';
import { Pacer } from './http/pacer.ts';
import { logRequests } from './logs/request-log.ts';
import { RollLog } from './logs/roll-log.ts';
import { Roll } from './roll/roll.ts';
import {
  changeLogBytes,
  changeLogSize,
  parseServerOptions,
  rollPart,
  type ServerOptions,
  type ServerSettings,
} from './server-options.ts';

/** A discovery server: leases, self-protection, HTTP. */
export interface DiscoveryServer extends AsyncDisposable {
  /** Binds and serves. Rejects with `UNAVAILABLE` when the port is taken or the address is not ours. */
  listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  /** Stops accepting, ends watches, lets requests in flight finish. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a server; nothing is bound until `listen()`.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bad option, also for a host beyond this machine without `insecure`.
 */
export function createServer(options: ServerOptions = {}): DiscoveryServer {
  return new HttpServer(parseServerOptions(options));
}

class HttpServer implements DiscoveryServer {
  readonly #settings: ServerSettings;
  readonly #roll: Roll;
  readonly #watches: WatchHub;
  readonly #waiting: WaitingRoom;
  readonly #snapshots: Snapshots;
  readonly #rollLog: RollLog;
  readonly #app: FastifyInstance;
  readonly #answers: OpenAnswers;
  readonly #startedAt: number;
  #cancelWarmUp: (() => void) | undefined;
  #warming: boolean;
  #closing: Promise<void> | undefined;

  constructor(settings: ServerSettings) {
    const { clock, protection, warmUpMs } = settings;
    this.#settings = settings;
    this.#startedAt = clock.now();
    this.#warming = warmUpMs > 0;
    const roll = new Roll({ clock, protection: protection === 'on', cpuTimeMs, maxBytes: rollPart * heapLimitBytes() });
    this.#roll = roll;
    const start = { revision: roll.revision, at: clock.wallNow() };
    const log = new ChangeLog({ changes: changeLogSize, bytes: changeLogBytes }, start);
    this.#waiting = new WaitingRoom(clock);
    const isWarming = (): boolean => this.#warming;
    const pacer = new Pacer();
    const snapshots = new Snapshots(roll, clock);
    this.#snapshots = snapshots;
    const watches = new WatchHub({ roll, log, snapshots, pacer, clock, isWarming });
    this.#watches = watches;
    this.#rollLog = new RollLog(settings.logger, clock);
    // Watches last: they read the others.
    for (const follower of [log, snapshots, this.#rollLog, watches, this.#waiting]) roll.follow(follower);
    this.#app = createApp(settings);
    logRequests(this.#app, settings);
    this.#answers = new OpenAnswers(this.#app, clock);
    guardHost(this.#app, settings);
    const uptimeMs = (): number => clock.now() - this.#startedAt;
    this.#app.register(nativeFront, {
      prefix: '/api',
      roll,
      watches,
      snapshots,
      pacer,
      log,
      clock,
      waiting: this.#waiting,
      protection,
      isWarming,
      uptimeMs,
    });
    this.#app.get('/healthz', () => ({ status: 'ok' }));
  }

  async listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }> {
    const { host, port, warmUpMs, clock } = this.#settings;
    try {
      await this.#app.listen({ host, port });
    } catch (cause) {
      throw new RegistryError('UNAVAILABLE', explainBind(cause, host, port), { cause, registry: 'server' });
    }
    if (this.#warming) this.#cancelWarmUp = clock.setTimer(warmUpMs, () => this.#warmed());
    const address = this.#app.server.address();
    const bound = typeof address === 'object' && address !== null ? address.port : port;
    return { host, port: bound, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #warmed(): void {
    this.#warming = false;
    this.#settings.logger.info({}, 'warm-up is over: an instance that has not registered by now is gone');
    this.#watches.warmed();
  }

  async #close(): Promise<void> {
    this.#cancelWarmUp?.();
    this.#watches.close();
    this.#waiting.close();
    await this.#answers.close();
    this.#snapshots.close();
    this.#roll.close();
    this.#rollLog.close();
  }
}

function explainBind(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE')
    return `port ${port} of ${host} is taken: is a server running already? Choose another with --port`;
  if (code === 'EADDRNOTAVAIL') return `${host} is no address of this machine`;
  if (code === 'EACCES') return `no permission to bind port ${port}: choose one above 1023`;
  return `cannot listen on ${host}:${port}: ${String(cause)}`;
}

const heapLimitBytes = (): number => getHeapStatistics().heap_size_limit;

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

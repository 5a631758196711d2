import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { holdProcess, type Registry, RegistryError, type ServiceNode, systemClock } from '@rollcall/core';
import { type Advertised, chooseAddress } from './advertise.ts';
import { defaultDrainMs, defaultRenewIntervalMs, defaultTtlMs } from './defaults.ts';
import { Keeper } from './keeper.ts';
import { chooseRegistry } from './load-registry.ts';
import { routeTo } from './route.ts';
import { boundAddress, closeServer, type ServerLike } from './server-like.ts';
import type { ServiceEvents, ServiceOptions, ServiceRuntime, ServiceStatus } from './service-options.ts';
import { readDuration, readSetting } from './settings.ts';
import { StatusLines } from './status-lines.ts';

const sources = (): { readonly argv: readonly string[]; readonly env: NodeJS.ProcessEnv } => ({
  argv: process.argv,
  env: process.env,
});

/**
 * A service that registers at start, again on an interval, and deregisters on stop. `--registry` or the environment
 * decides where, or the option `registry`.
 *
 * @throws RegistryError `INVALID_ARGUMENT` when times do not fit together.
 */
export function createService(
  options: ServiceOptions & ({ readonly server: ServerLike } | { readonly advertise: string }),
): ServiceRuntime {
  return new Runtime(options);
}

class Runtime implements ServiceRuntime {
  readonly #options: ServiceOptions;
  readonly #lines: StatusLines;
  readonly #listeners = new Map<keyof ServiceEvents, Set<(...args: never) => void>>();
  readonly #ttlMs: number;
  readonly #renewIntervalMs: number;
  readonly #id: string;
  #status: ServiceStatus = 'idle';
  #registry: Registry | undefined;
  #ownsRegistry = false;
  #node: ServiceNode | undefined;
  #keeper: Keeper | undefined;
  #starting: Promise<ServiceNode> | undefined;
  #stopping: Promise<void> | undefined;
  #lostAt: number | undefined;
  #wasRegistered = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#lines = new StatusLines(options.name, options.logger);
    this.#id = options.id ?? `${options.name}-${randomUUID()}`;
    this.#ttlMs = options.ttlMs ?? readDuration(readSetting('registerTtl', sources())) ?? defaultTtlMs;
    const interval = options.renewIntervalMs ?? readDuration(readSetting('registerInterval', sources()));
    this.#renewIntervalMs = interval ?? Math.min(defaultRenewIntervalMs, this.#ttlMs / 3);
    if (!(this.#renewIntervalMs > 0 && this.#renewIntervalMs < this.#ttlMs)) {
      const message = `renewIntervalMs (${this.#renewIntervalMs}) must be above 0 and below ttlMs (${this.#ttlMs}); a third of it lets two renewals be lost`;
      throw new RegistryError('INVALID_ARGUMENT', message);
    }
  }

  get status(): ServiceStatus {
    return this.#status;
  }

  get registry(): Registry | undefined {
    return this.#registry;
  }

  get node(): ServiceNode | undefined {
    return this.#node;
  }

  start(): Promise<ServiceNode> {
    if (this.#stopping !== undefined && this.#status !== 'stopped') return this.#stopping.then(() => this.start());
    this.#stopping = undefined;
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      this.#status = 'idle';
      throw error;
    });
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async run(): Promise<void> {
    const release = holdProcess();
    let cleanUp = (): void => {};
    const signalled = new Promise<void>((resolve) => {
      let first = true;
      const onSignal = (signal: NodeJS.Signals): void => {
        // Whoever asks twice does not want to wait.
        if (!first) process.exit(signal === 'SIGINT' ? 130 : 143);
        first = false;
        resolve();
      };
      process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
      cleanUp = () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    });
    try {
      await Promise.race([this.start(), signalled]);
      await signalled;
      await this.stop();
    } finally {
      cleanUp();
      release();
    }
  }

  on<K extends keyof ServiceEvents>(event: K, listener: (...args: ServiceEvents[K]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<ServiceNode> {
    this.#status = 'starting';
    this.#lostAt = systemClock.now();
    const registry = await this.#openRegistry();
    const advertised = await this.#address(registry);
    this.#lines.info(`advertising ${advertised.address} (${advertised.why})`);
    const { name, version, metadata, endpoints } = this.#options;
    const node = {
      id: this.#id,
      address: advertised.address,
      metadata: { server: 'rollcall', protocol: 'http', registry: registry.name, ...metadata },
    };
    this.#node = node;
    this.#keeper = new Keeper({
      registry,
      service: { name, version, endpoints, nodes: [node] },
      ttlMs: this.#ttlMs,
      renewIntervalMs: this.#renewIntervalMs,
      registerCheck: this.#options.registerCheck,
      events: {
        registered: () => this.#registered(node),
        failed: (error) => this.#failed(error),
        conflict: (error) => this.#conflict(error),
      },
    });
    const failure = await this.#keeper.begin();
    const hopeless =
      failure !== undefined && ['INVALID_ARGUMENT', 'RESOURCE_EXHAUSTED', 'NOT_SUPPORTED'].includes(failure.code);
    if (failure !== undefined && (hopeless || this.#options.failFast === true)) {
      await this.#keeper.stop().catch(() => {});
      throw failure;
    }
    return node;
  }

  async #openRegistry(): Promise<Registry> {
    if (this.#registry !== undefined) return this.#registry;
    if (this.#options.registry !== undefined) {
      const given = readSetting('registry', sources());
      if (given !== undefined)
        this.#lines.warn(`${given.source}=${given.value} is ignored: the program chooses its registry`);
      this.#registry = await this.#options.registry;
      return this.#registry;
    }
    const { registry, explanation } = await chooseRegistry({ logger: this.#options.logger });
    this.#lines.info(explanation);
    this.#ownsRegistry = true;
    this.#registry = registry;
    return registry;
  }

  async #address(registry: Registry): Promise<Advertised> {
    const { advertise, server } = this.#options;
    const wanted =
      advertise === undefined ? readSetting('advertise', sources()) : { value: advertise, source: 'advertise' };
    const bound = server === undefined ? undefined : await boundAddress(server);
    const { crossHost } = registry.capabilities;
    const backendHost = crossHost ? backendOf(registry) : undefined;
    const routeHost = backendHost === undefined || wanted !== undefined ? undefined : await routeTo(backendHost);
    return chooseAddress({ wanted, bound, backendHost, routeHost, crossHost, interfaces: networkInterfaces() });
  }

  #registered(node: ServiceNode): void {
    if (this.#status === 'registered') return;
    this.#status = 'registered';
    this.#lines.registered(node, this.#wasRegistered);
    this.#wasRegistered = true;
    this.#lostAt = undefined;
    this.#emit('registered', node);
  }

  #failed(error: RegistryError): void {
    const news = this.#status !== 'unregistered';
    this.#status = 'unregistered';
    this.#lostAt ??= systemClock.now();
    if (!news) return;
    const sinceMs = systemClock.now() - this.#lostAt;
    this.#lines.unregistered(sinceMs, error);
    this.#emit('unregistered', { sinceMs, error });
  }

  #conflict(error: RegistryError): void {
    this.#status = 'unregistered';
    this.#starting = undefined;
    this.#lines.warn(`not registered any more: ${error.message}. Not trying again until start()`, error);
    this.#emit('conflict', error);
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    this.#status = 'draining';
    const {
      registry,
      drainMs = registry?.name === 'memory' ? 0 : defaultDrainMs,
      server,
    } = { ...this.#options, registry: this.#registry };
    await this.#keeper?.stop().catch((error: unknown) => {
      this.#lines.warn(
        `could not deregister (${error instanceof Error ? error.message : String(error)}); it goes with its TTL`,
      );
    });
    if (this.#wasRegistered && drainMs > 0)
      await new Promise<void>((resolve) => systemClock.setTimer(drainMs, resolve));
    if (server !== undefined) await closeServer(server);
    if (this.#ownsRegistry) {
      await this.#registry?.close();
      this.#registry = undefined;
    }
    this.#keeper = undefined;
    this.#starting = undefined;
    this.#wasRegistered = false;
    this.#status = 'stopped';
    this.#emit('stopped');
  }

  #emit<K extends keyof ServiceEvents>(event: K, ...args: ServiceEvents[K]): void {
    for (const listener of this.#listeners.get(event) ?? []) (listener as (...args: ServiceEvents[K]) => void)(...args);
  }
}

/** The host of the first address that was given, or the one that our own adapters use without any. */
function backendOf(registry: Registry): string | undefined {
  const given = readSetting('registryAddress', sources())?.value.split(',')[0]?.trim();
  if (given === undefined || given === '') return registry.name === 'mdns' ? undefined : '127.0.0.1';
  const text = /^https?:\/\//.test(given) ? given : `http://${given}`;
  return URL.canParse(text) ? new URL(text).hostname.replace(/^\[|\]$/g, '') : undefined;
}

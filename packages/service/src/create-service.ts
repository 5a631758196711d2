import { randomUUID } from 'node:crypto';
import { type Registry, RegistryError, type ServiceInput, type ServiceNode } from '@rollcall/core';
import { systemClock } from '@rollcall/core/adapter';
import type { Advertised } from './advertise.ts';
import { defaultDrainMs, defaultRenewIntervalMs, defaultTtlMs } from './defaults.ts';
import { findAddress } from './find-address.ts';
import { Keeper } from './keeper.ts';
import { Listeners } from './listeners.ts';
import { chooseRegistry } from './registries/load-registry.ts';
import { overruled, readDuration, readSetting } from './registries/settings.ts';
import { closeServer, isListening, type ServerLike } from './server-like.ts';
import type { ServiceEvents, ServiceOptions, ServiceRuntime, ServiceStatus } from './service-options.ts';
import { StatusLines } from './status-lines.ts';
import { untilSignal } from './until-signal.ts';

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

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

class Runtime implements ServiceRuntime {
  readonly #options: ServiceOptions;
  readonly #lines: StatusLines;
  readonly #listeners: Listeners;
  readonly #ttlMs: number;
  readonly #renewIntervalMs: number;
  readonly #id: string;
  #status: ServiceStatus = 'idle';
  #registry: Registry | undefined;
  #ownsRegistry = false;
  #node: ServiceNode | undefined;
  #advertised: Advertised | undefined;
  /** Aborted by `stop()`: ends whatever a start still waits for. */
  #ending = new AbortController();
  #keeper: Keeper | undefined;
  #starting: Promise<ServiceNode> | undefined;
  #stopping: Promise<void> | undefined;
  #lostAt: number | undefined;
  #wasRegistered = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#lines = new StatusLines(options.name, options.logger);
    this.#listeners = new Listeners((event, error) =>
      this.#lines.warn(`a listener of ${event} threw: ${reason(error)}`),
    );
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
      if (this.#status === 'starting' || this.#status === 'unregistered') this.#status = 'idle';
      throw error;
    });
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async run(): Promise<void> {
    const { signalled, release } = untilSignal();
    try {
      await Promise.race([this.start(), signalled]);
      await signalled;
      await this.stop();
    } finally {
      release();
    }
  }

  on<K extends keyof ServiceEvents>(event: K, listener: (...args: ServiceEvents[K]) => void): () => void {
    return this.#listeners.on(event, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<ServiceNode> {
    this.#status = 'starting';
    this.#ending = new AbortController();
    this.#lostAt = systemClock.now();
    for (const message of overruled(this.#options, sources())) this.#lines.warn(message);
    const registry = await this.#openRegistry();
    const advertised = await this.#findAddress(registry);
    if (this.#ending.signal.aborted) throw new RegistryError('ABORTED', 'stopped before it was registered');
    this.#advertised = advertised;
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
      refresh: (service) => this.#refresh(service),
      ttlMs: this.#ttlMs,
      renewIntervalMs: this.#renewIntervalMs,
      registerCheck: this.#options.registerCheck,
      events: {
        registered: () => this.#registered(this.#node ?? node),
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

  #findAddress(registry: Registry, previous?: Advertised): Promise<Advertised> {
    const { advertise, server } = this.#options;
    const question = { advertise, server, registry, registryFromSettings: this.#ownsRegistry, sources: sources() };
    return findAddress({ ...question, previous, signal: this.#ending.signal });
  }

  /** A machine moves between networks, a server between ports: each renewal says where it is now. */
  async #refresh(service: ServiceInput): Promise<ServiceInput> {
    const [registry, node, previous, { server }] = [this.#registry, this.#node, this.#advertised, this.#options];
    if (registry === undefined || node === undefined || (server !== undefined && !isListening(server))) return service;
    try {
      const advertised = await this.#findAddress(registry, previous);
      if (advertised.address === node.address) return service;
      this.#lines.info(`the address changed: advertising ${advertised.address} (${advertised.why})`);
      this.#advertised = advertised;
      this.#node = { ...node, address: advertised.address };
      return { ...service, nodes: [this.#node] };
    } catch {
      // What was advertised stays until there is something better.
      return service;
    }
  }

  #registered(node: ServiceNode): void {
    if (this.#status === 'registered') return;
    this.#status = 'registered';
    this.#lines.registered(node, this.#wasRegistered);
    this.#wasRegistered = true;
    this.#lostAt = undefined;
    this.#listeners.emit('registered', node);
  }

  #failed(error: RegistryError): void {
    const news = this.#status !== 'unregistered';
    this.#status = 'unregistered';
    this.#lostAt ??= systemClock.now();
    if (!news) return;
    const sinceMs = systemClock.now() - this.#lostAt;
    this.#lines.unregistered(sinceMs, error);
    this.#listeners.emit('unregistered', { sinceMs, error });
  }

  #conflict(error: RegistryError): void {
    this.#status = 'unregistered';
    this.#starting = undefined;
    this.#lines.warn(`not registered any more: ${error.message}. Not trying again until start()`, error);
    this.#listeners.emit('conflict', error);
  }

  async #stop(): Promise<void> {
    this.#status = 'draining';
    this.#ending.abort();
    await this.#withdraw();
    await this.#starting?.catch(() => {});
    const {
      registry,
      drainMs = registry?.name === 'memory' ? 0 : defaultDrainMs,
      server,
    } = { ...this.#options, registry: this.#registry };
    if (this.#wasRegistered && drainMs > 0)
      await new Promise<void>((resolve) => systemClock.setTimer(drainMs, resolve));
    if (server !== undefined) await this.#attempt('close the server', () => closeServer(server));
    if (this.#ownsRegistry) {
      await this.#attempt('close the registry', () => this.#registry?.close());
      this.#registry = undefined;
      this.#ownsRegistry = false;
    }
    this.#starting = undefined;
    this.#wasRegistered = false;
    this.#status = 'stopped';
    this.#listeners.emit('stopped');
  }

  /** Off the roll; also out of a first registration that is under way. */
  async #withdraw(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    try {
      await keeper?.stop();
    } catch (error) {
      this.#lines.warn(`could not deregister (${reason(error)}); it goes with its TTL`);
    }
  }

  async #attempt(what: string, act: () => unknown): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#lines.warn(`could not ${what}: ${reason(error)}`);
    }
  }
}

import {
  type Clock,
  type Registry,
  RegistryError,
  type RegistryErrorCode,
  type RegistryRecipe,
  type ServiceNode,
} from '@rollcall/core';
import { holdProcess } from '@rollcall/core/adapter';
import { defaultDrainMs, holderTimeoutMs } from '../defaults.ts';
import { WorkerHeartbeat } from '../heartbeat/worker-heartbeat.ts';
import { overruled, type SettingSources } from '../registries/settings.ts';
import type { ServiceEvents, ServiceOptions, ServiceRuntime, ServiceStatus } from '../service-options.ts';
import type { StatusLines } from '../status-lines.ts';
import { Advertiser } from './advertiser.ts';
import { GivenServer } from './given-server.ts';
import { Keeper, type KeeperOptions } from './keeper.ts';
import { Listeners } from './listeners.ts';
import { type OpenedRegistry, openRegistry } from './open-registry.ts';
import { Standing } from './standing.ts';
import { readTimes, type Times } from './times.ts';
import { untilSignal } from './until-signal.ts';

/** The parts of a runtime: the options, checked and complete. */
export interface RuntimeSettings {
  readonly options: ServiceOptions;
  readonly sources: SettingSources;
  readonly id: string;
  readonly lines: StatusLines;
  readonly clock: Clock;
}

/** Keeps a service registered: `begin` starts it, `stop` ends it and deregisters. */
type Heartbeat = Pick<Keeper, 'begin' | 'stop'>;

/** Failures that no later attempt can mend. */
const hopeless: readonly RegistryErrorCode[] = ['INVALID_ARGUMENT', 'RESOURCE_EXHAUSTED', 'NOT_SUPPORTED'];

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The lifecycle: start, keep registered, stop. {@link Standing} reports it, {@link Keeper} is the loop. */
export class Runtime implements ServiceRuntime {
  readonly #settings: RuntimeSettings;
  readonly #listeners: Listeners;
  readonly #standing: Standing;
  #opened: OpenedRegistry | undefined;
  #advertiser: Advertiser | undefined;
  #keeper: Heartbeat | undefined;
  #server: GivenServer | undefined;
  /** Aborted by `stop()`: ends the waiting of a start. */
  #ending = new AbortController();
  #starting: Promise<ServiceNode> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(settings: RuntimeSettings) {
    const { lines, clock } = settings;
    this.#settings = settings;
    this.#listeners = new Listeners((event, error) => lines.warn(`a listener of ${event} threw: ${reasonOf(error)}`));
    this.#standing = new Standing({ lines, listeners: this.#listeners, clock });
  }

  get status(): ServiceStatus {
    return this.#standing.status;
  }

  get registry(): Registry | undefined {
    return this.#opened?.registry;
  }

  get node(): ServiceNode | undefined {
    return this.#advertiser?.node;
  }

  start(): Promise<ServiceNode> {
    if (this.#stopping !== undefined && this.status !== 'stopped') return this.#stopping.then(() => this.start());
    this.#stopping = undefined;
    // The server does not keep the process alive before it listens.
    this.#starting ??= whileHeld(() => this.#start()).catch((error: unknown) => {
      this.#starting = undefined;
      if (this.status === 'starting' || this.status === 'unregistered') this.#standing.giveUp();
      throw error;
    });
    return this.#starting;
  }

  stop(): Promise<void> {
    // The server may be closed already, and then does not keep the process alive.
    this.#stopping ??= whileHeld(() => this.#stop());
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
    const { options, sources, id, lines, clock } = this.#settings;
    this.#standing.begin();
    const times = readTimes(options, sources);
    if (options.server !== undefined) this.#server ??= new GivenServer(options.server);
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    for (const message of overruled(options, sources)) lines.warn(message);
    this.#opened ??= await openRegistry(options, sources, lines);
    const advertiser = new Advertiser({ options, sources, opened: this.#opened, lines, clock, signal });
    this.#advertiser = advertiser;
    const node = await advertiser.first(id);
    if (signal.aborted) throw new RegistryError('ABORTED', 'the service was stopped before it was registered');
    const keeper = this.#keep(this.#opened.registry, advertiser, node, times);
    this.#keeper = keeper;
    const failure = await keeper.begin();
    if (failure === undefined || !this.#endsWith(failure)) return node;
    await this.#keeper.stop().catch(() => {});
    throw failure;
  }

  #keep(registry: Registry, advertiser: Advertiser, node: ServiceNode, times: Times): Heartbeat {
    const { options, clock, lines } = this.#settings;
    const { name, version, endpoints, registerCheck } = options;
    const kept: KeeperOptions = {
      registry,
      service: { name, version, endpoints, nodes: [node] },
      refresh: (service) => advertiser.refresh(service),
      ttlMs: times.ttlMs,
      renewIntervalMs: times.renewIntervalMs,
      registerCheck,
      events: {
        registered: (loss) => this.#standing.registered(advertiser.node ?? node, loss),
        // A failed start reports by its rejection.
        failed: (error) =>
          this.status === 'starting' && this.#endsWith(error) ? undefined : this.#standing.failed(error),
        conflict: (error) => this.#taken(registry, error),
      },
      clock,
    };
    if (options.heartbeat !== 'worker') return new Keeper(kept);
    const { maxStallMs } = times;
    return new WorkerHeartbeat({
      ...kept,
      recipe: recipeFor(registry),
      maxStallMs,
      onStall: (stalledMs, workerRan) =>
        this.#listeners.emit('stalled', { stalledMs, heldByWorker: workerRan && stalledMs <= maxStallMs }),
      onLost: (why) => {
        lines.warn(`the main loop renews from now on, because ${why}`);
        const keeper = new Keeper({ ...kept, service: { ...kept.service, nodes: [advertiser.node ?? node] } });
        this.#keeper = keeper;
        return keeper.begin();
      },
    });
  }

  /** Whether a failure of the first registration ends the start. */
  #endsWith({ code }: RegistryError): boolean {
    const { failFast, onConflict } = this.#settings.options;
    return failFast === true || hopeless.includes(code) || (code === 'CONFLICT' && onConflict === 'stop');
  }

  async #taken(registry: Registry, error: RegistryError): Promise<void> {
    const { id, options } = this.#settings;
    if (this.#standing.isTaken) return;
    const holder = await holderOf(registry, options.name, id);
    const message = holder === undefined ? error.message : `${error.message}; its holder is at ${holder}`;
    const isWaiting = options.onConflict !== 'stop';
    this.#standing.taken(new RegistryError('CONFLICT', message, { cause: error, registry: registry.name }), isWaiting);
    // The stop is not awaited here: it waits for the loop, and the loop waits for this call.
    if (!isWaiting && this.#standing.wasRegistered) void this.stop();
  }

  async #stop(): Promise<void> {
    const { options, lines, clock } = this.#settings;
    this.#standing.drain();
    this.#ending.abort();
    await this.#withdraw();
    await this.#starting?.catch(() => {});
    // Where only this process sees the registry, all watchers have heard of the deregistration by now.
    const isAlone = this.#opened?.registry.capabilities.crossProcess === false;
    const drainMs = options.drainMs ?? (isAlone ? 0 : defaultDrainMs);
    if (this.#standing.wasRegistered && drainMs > 0)
      await new Promise<void>((resolve) => clock.setTimer(drainMs, resolve));
    await attempt(lines, 'close the server', () => this.#server?.close());
    this.#server = undefined;
    if (this.#opened?.isOwn === true) {
      await attempt(lines, 'close the registry', () => this.#opened?.registry.close());
      this.#opened = undefined;
    }
    this.#starting = undefined;
    this.#standing.end();
  }

  /** Deregisters, also while a first registration is under way. */
  async #withdraw(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    try {
      await keeper?.stop();
    } catch (error) {
      // A node that was never registered needs no line about its removal.
      if (!this.#standing.wasRegistered) return;
      this.#settings.lines.warn(`could not deregister (${reasonOf(error)}); the node expires with its TTL`);
    }
  }
}

/** Keeps the process alive while `work` goes on. The timers of the clock do not keep it alive. */
async function whileHeld<T>(work: () => Promise<T>): Promise<T> {
  const release = holdProcess();
  try {
    return await work();
  } finally {
    release();
  }
}

/** The recipe by which the worker makes the registry again; throws `INVALID_ARGUMENT` where it cannot. */
function recipeFor({ name, recipe }: Registry): RegistryRecipe {
  if (recipe !== undefined) return recipe;
  const message = `heartbeat: a worker cannot make the ${name} registry again: name one with --registry, or use heartbeat: 'main'`;
  throw new RegistryError('INVALID_ARGUMENT', message, { registry: name });
}

async function attempt(lines: StatusLines, what: string, act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    lines.warn(`could not ${what}: ${reasonOf(error)}`);
  }
}

/** The address of the id's holder, for the message; undefined when it cannot be read soon. */
async function holderOf(registry: Registry, name: string, id: string): Promise<string | undefined> {
  try {
    const services = await registry.getService(name, { timeoutMs: holderTimeoutMs });
    return services.flatMap(({ nodes }) => nodes).find((node) => node.id === id)?.address;
  } catch {
    return undefined;
  }
}

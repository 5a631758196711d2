import type { DriverCall, Lease, RegistryDriver } from '../adapter/driver.ts';
import { systemClock } from '../clock.ts';
import type {
  CallOptions,
  Capabilities,
  Clock,
  CloseOptions,
  Logger,
  RegisterOptions,
  Registry,
  RegistryOptions,
  RegistryRecipe,
  Service,
  ServiceInput,
  ServiceRef,
  ServiceSummary,
  SkippedSummary,
  Watcher,
  WatchOptions,
} from '../contract.ts';
import { closeGraceMs, defaultCloseTimeoutMs, defaultTimeoutMs } from '../defaults.ts';
import { freezeEntry, freezeSummaries, groupByVersion, keyOf, summarize } from '../model/entry.ts';
import { parseName, parseRef, parseService } from '../model/input.ts';
import { parseLease } from '../model/lease.ts';
import {
  callOptions,
  checkOptions,
  checkRegistryOptions,
  parseDuration,
  parseNamespace,
  parseSignal,
} from '../model/options.ts';
import { CallOrder } from './call-order.ts';
import { Calls } from './calls.ts';
import { Connection } from './connection.ts';
import { toRegistryError } from './driver-error.ts';
import { ProcessHold } from './process-hold.ts';
import { silentLogger } from './silent-logger.ts';
import { WatchHub } from './watch-hub.ts';
import { Writes } from './writes.ts';

/**
 * Makes a registry of a driver: the one guard of all backends. It has validation, copies and freezing, grouping,
 * per-node call order, deadlines and signals, put or renew, the whole watch machinery, and the lifecycle. `recipe` (see
 * `recipeOf`) tells a worker thread how to make the same registry.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bad option.
 */
export function createRegistry(
  driver: RegistryDriver,
  options: RegistryOptions = {},
  recipe?: RegistryRecipe | undefined,
): Registry {
  return new GuardedRegistry(driver, options, recipe);
}

class GuardedRegistry implements Registry {
  readonly name: string;
  readonly recipe: RegistryRecipe | undefined;
  readonly #driver: RegistryDriver;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #closeTimeoutMs: number;
  readonly #hold = new ProcessHold();
  readonly #order: CallOrder;
  readonly #connection: Connection;
  readonly #writes: Writes;
  readonly #calls: Calls;
  readonly #watches: WatchHub;
  readonly #raisedTtls = new Set<number>();
  #renewIntervalMs = Number.POSITIVE_INFINITY;
  #closing: Promise<void> | undefined;

  constructor(driver: RegistryDriver, options: RegistryOptions, recipe: RegistryRecipe | undefined) {
    this.recipe = recipe;
    const { clock = systemClock, logger = silentLogger } = options;
    if (driver.optionNames !== undefined) checkRegistryOptions(options, driver.optionNames);
    parseNamespace(options.namespace);
    const timeoutMs = parseDuration(options.timeoutMs, 'timeoutMs') ?? defaultTimeoutMs;
    this.name = driver.name;
    this.#driver = driver;
    this.#clock = clock;
    this.#logger = logger;
    this.#closeTimeoutMs = parseDuration(options.closeTimeoutMs, 'closeTimeoutMs') ?? defaultCloseTimeoutMs;
    this.#order = new CallOrder(clock);
    this.#connection = new Connection(driver);
    this.#writes = new Writes(driver);
    this.#calls = new Calls({ driver, clock, logger, timeoutMs, hold: this.#hold });
    this.#watches = new WatchHub({
      driver,
      clock,
      logger,
      timeoutMs,
      ceilingMs: () => this.#renewIntervalMs,
      connected: (call) => this.#connection.ready(call),
      hold: this.#hold,
    });
  }

  get endpoints(): readonly string[] | undefined {
    return this.#driver.endpoints;
  }

  get skipped(): SkippedSummary | undefined {
    return this.#driver.skipped;
  }

  get capabilities(): Capabilities {
    return this.#driver.capabilities;
  }

  init(options?: CallOptions): Promise<void> {
    const prepare = () => (call: DriverCall) => this.#connection.ready(call);
    return this.#calls.run({ operation: 'init', options, prepare });
  }

  register(service: ServiceInput, options?: RegisterOptions): Promise<void> {
    return this.#calls.run({
      operation: 'register',
      name: service?.name,
      options,
      prepare: (scope) => {
        const entries = parseService(service);
        const lease = this.#lease(options);
        this.#writes.checkSize(entries, lease);
        const keys = entries.map((entry) => keyOf(entry.name, entry.node.id));
        const write = (call: DriverCall) => this.#writes.register(entries, lease, call);
        return (call) => this.#order.run(keys, scope, () => this.#connected(call, write));
      },
    });
  }

  deregister(service: ServiceRef, options?: CallOptions): Promise<void> {
    return this.#calls.run({
      operation: 'deregister',
      name: service?.name,
      options,
      prepare: (scope) => {
        const refs = parseRef(service);
        const keys = refs.map(({ name, id }) => keyOf(name, id));
        const write = (call: DriverCall) => this.#writes.deregister(refs, call);
        return (call) => this.#order.run(keys, scope, () => this.#connected(call, write));
      },
    });
  }

  getService(name: string, options?: CallOptions): Promise<readonly Service[]> {
    return this.#calls.run({
      operation: 'getService',
      name,
      options,
      prepare: () => {
        const wanted = parseName(name);
        const read = async (call: DriverCall) =>
          groupByVersion((await this.#driver.read(wanted, call)).map(freezeEntry));
        return (call) => this.#connected(call, read);
      },
    });
  }

  listServices(options?: CallOptions): Promise<readonly ServiceSummary[]> {
    const list = async (call: DriverCall): Promise<readonly ServiceSummary[]> => {
      const summaries = await this.#driver.list?.(call);
      return freezeSummaries(summaries ?? summarize(await this.#driver.read(undefined, call)));
    };
    const prepare = () => (call: DriverCall) => this.#connected(call, list);
    return this.#calls.run({ operation: 'listServices', options, prepare });
  }

  watch(options: WatchOptions = {}): Watcher {
    try {
      this.#calls.refuseClosed('watch');
      checkOptions(options, callOptions.watch);
      const name = options.name === undefined ? undefined : parseName(options.name);
      return this.#watches.watch(name, parseSignal(options.signal));
    } catch (error) {
      throw toRegistryError(this.#driver, error);
    }
  }

  close(options?: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options?.withdraw !== false);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #connected<T>(call: DriverCall, work: (call: DriverCall) => Promise<T>): Promise<T> {
    await this.#connection.ready(call);
    // While the call waited for the connection, its deadline or its signal may have ended it.
    call.signal.throwIfAborted();
    return work(call);
  }

  #lease(options: RegisterOptions | undefined): Lease | undefined {
    const lease = parseLease(options, this.capabilities);
    if (lease === undefined || options?.ttlMs === undefined) return lease;
    this.#renewIntervalMs = Math.min(this.#renewIntervalMs, lease.renewIntervalMs);
    if (lease.ttlMs !== options.ttlMs && !this.#raisedTtls.has(options.ttlMs)) {
      this.#raisedTtls.add(options.ttlMs);
      this.#logger.warn(
        { ttlMs: options.ttlMs, raisedTo: lease.ttlMs },
        `the ${this.name} registry raised a TTL of ${options.ttlMs} ms to ${lease.ttlMs} ms, the next one that it can keep`,
      );
    }
    return lease;
  }

  async #close(withdraw: boolean): Promise<void> {
    this.#hold.acquire();
    const deadline = new AbortController();
    const timers: (() => void)[] = [];
    const after = (delayMs: number): Promise<void> =>
      new Promise((resolve) => timers.push(this.#clock.setTimer(delayMs, resolve)));
    const late = after(this.#closeTimeoutMs).then(() => deadline.abort());
    const abortAll = this.#calls.close();
    const grace = after(Math.min(closeGraceMs, this.#closeTimeoutMs / 3));
    const released = Promise.all([Promise.race([this.#order.idle(), grace]).then(abortAll), this.#watches.close()])
      .then(() => this.#order.idle())
      .then(() =>
        this.#driver.close(
          { withdraw: withdraw ? this.#writes.held() : [] },
          { signal: deadline.signal, logger: this.#logger },
        ),
      );
    await Promise.race([released, late]).catch((cause) => {
      const error = toRegistryError(this.#driver, cause);
      this.#logger.warn({ error }, 'close could not withdraw every node; the rest expire with their TTL');
    });
    released.catch(() => {});
    for (const cancel of timers) cancel();
    this.#hold.release();
  }
}

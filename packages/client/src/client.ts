import type { CallOptions, Registry } from '@rollcall/core';
import { RegistryError } from '@rollcall/core';
import { limits } from '@rollcall/core/adapter';
import { Dispatchers } from './call/dispatcher.ts';
import { FetchJob } from './call/fetch-job.ts';
import { InFlight } from './call/in-flight.ts';
import { type CallContext, run } from './call/run.ts';
import { serviceOf } from './call/target.ts';
import { closedError } from './closed-error.ts';
import type { Client, ClientEvents, FetchInit, RemoteService } from './contract.ts';
import { defaultCallTimeoutMs, defaultReadyMs } from './defaults.ts';
import type { ClientOptions, FetchLike, SelectOptions } from './options.ts';
import { RetryBudget } from './rule/retry-budget.ts';
import { invalid, numberIn, objectAt } from './settings/check.ts';
import { type ClientSettings, parseClientOptions, type ServiceSettings } from './settings/client-settings.ts';
import { checkKnown } from './settings/known.ts';
import { longestMs } from './settings/limits.ts';
import { parsePolicy } from './settings/policy.ts';
import { mergeSelect, parseSelect } from './settings/selecting.ts';
import { FollowedService } from './shell/followed-service.ts';
import { Lines } from './shell/lines.ts';
import { Listeners } from './shell/listeners.ts';
import { OpenService } from './shell/open-service.ts';
import { Prober, tcpConnect } from './shell/prober.ts';
import { PickedService, type ServiceHost, stateOf } from './shell/remote-service.ts';
import type { Shell } from './shell/shell.ts';
import { SnapshotFile } from './shell/snapshot-file.ts';

/** A name in use. */
interface Used {
  readonly followed: FollowedService;
  /** The selection of `fetch` and of `service(name)`. */
  readonly open: OpenService;
  readonly remote: RemoteService;
}

const globalFetch: FetchLike = (input, init) => globalThis.fetch(input, init);

/** What {@link createClient} makes. */
export class ServiceClient implements Client, ServiceHost {
  readonly calls: CallContext;
  readonly fetch: Client['fetch'];
  readonly #registry: Promise<Registry>;
  readonly #settings: ClientSettings;
  readonly #shell: Shell;
  readonly #used = new Map<string, Used>();
  readonly #listeners: Listeners;
  readonly #dispatchers: Dispatchers;
  readonly #snapshot: SnapshotFile | undefined;
  #closing: Promise<void> | undefined;

  constructor(registry: Registry | Promise<Registry>, settings: ClientSettings) {
    const { clock, random, clientId, connectTimeoutMs, probe } = settings;
    this.#registry = Promise.resolve(registry);
    // Each service in use reports the failure; without a service in use there is nothing to report.
    this.#registry.catch(() => {});
    this.#settings = settings;
    const lines = new Lines(settings.logger, clock);
    const prober =
      probe === false
        ? undefined
        : new Prober({ probe: probe ?? tcpConnect, clock, timeoutMs: connectTimeoutMs, random });
    this.#shell = {
      ...{ clock, random, clientId, lines, prober },
      changed: (name) => this.#onChange(name),
      statusChanged: (name) => this.#onStatus(name),
    };
    this.#listeners = new Listeners((event, error) => lines.warn('', `a listener of ${event} failed: ${error}`, error));
    this.#dispatchers = new Dispatchers(connectTimeoutMs);
    this.#snapshot =
      settings.snapshotFile === undefined ? undefined : new SnapshotFile(settings.snapshotFile, clock, lines);
    this.calls = { clock, budget: new RetryBudget(settings.retryShare), inFlight: new InFlight(clock) };
    // An arrow function, so that a program can pass `client.fetch` on as a function of its own.
    this.fetch = (input, init) => this.#fetch(input, init);
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  service(name: string, options?: SelectOptions): RemoteService {
    const used = this.#use(name);
    if (options === undefined) return used.remote;
    checkKnown(objectAt(options, 'options'), 'selection', 'options');
    return new PickedService(this.#open(used.followed, options), this);
  }

  async ready(names: string | readonly string[], options: CallOptions = {}): Promise<void> {
    const { clock } = this.#settings;
    const timeoutMs = numberIn(options.timeoutMs, 'timeoutMs', [0, longestMs], defaultReadyMs);
    const opens = [names].flat().map((name) => this.#use(name).open);
    const waits = opens.map(async (open) => {
      const hasCome = (): boolean => open.hasNode || this.isClosed;
      const isThere = await open.followed.waiters.until(hasCome, clock, timeoutMs, options.signal);
      if (this.isClosed) throw closedError();
      if (isThere) return;
      const cause = open.noNode();
      throw new RegistryError('TIMEOUT', `ready() waited ${timeoutMs} ms in vain: ${cause.message}`, { cause });
    });
    try {
      await Promise.all(waits);
    } catch (error) {
      if (!options.signal?.aborted || RegistryError.is(error)) throw error;
      throw new RegistryError('ABORTED', 'ready() was aborted by its signal', { cause: error });
    }
  }

  services(): readonly string[] {
    return [...this.#used.keys()];
  }

  on<K extends keyof ClientEvents>(event: K, listener: (...args: ClientEvents[K]) => void): () => void {
    return this.#listeners.on(event, listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#shell.prober?.close();
    this.calls.inFlight.close();
    this.#dispatchers.close();
    // Waiting callers are told first: they look at `isClosed`, which is true from the next turn of the event loop on.
    await Promise.resolve();
    for (const { followed } of this.#used.values()) followed.close();
    this.#shell.lines.flush();
    await this.#snapshot?.close();
  }

  async #fetch(input: string | URL | Request, init: FetchInit | undefined): Promise<Response> {
    const request = isRequest(input) ? input : undefined;
    const text = request?.url ?? String(input);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const name = url === undefined ? undefined : serviceOf(url, this.#settings.services);
    if (url === undefined || name === undefined) return (this.#settings.fetch ?? globalFetch)(input, init);
    return this.#send(this.#use(name).open, { url, request, init });
  }

  async #send(
    open: OpenService,
    fetched: { readonly url: URL; readonly request: Request | undefined; readonly init: FetchInit | undefined },
  ): Promise<Response> {
    if (this.isClosed) throw closedError();
    const settings = parsePolicy(fetched.init?.rollcall, open.followed.settings.policy, 'rollcall.');
    checkKnown(fetched.init?.rollcall, 'fetch', 'rollcall');
    const own = this.#settings.fetch;
    const limitMs = settings.timeoutMs === undefined ? defaultCallTimeoutMs : 0;
    const dispatcher = own === undefined ? this.#dispatchers.get(limitMs) : undefined;
    const job = new FetchJob(fetched, settings, own ?? globalFetch, dispatcher);
    return run(job, open, settings, this.calls);
  }

  /** Fetches a URL from a service, for {@link RemoteService.fetch}. */
  fetchAt(open: OpenService, url: URL, init: FetchInit | undefined): Promise<Response> {
    return this.#send(open, { url, request: undefined, init });
  }

  #use(name: string): Used {
    if (this.isClosed) throw closedError();
    const known = this.#used.get(name);
    if (known !== undefined) return known;
    if (typeof name !== 'string' || !limits.isReadableName(name))
      throw invalid('name', '1-255 printable characters', name);
    const followed = new FollowedService(name, this.#settingsOf(name), this.#shell);
    const open = this.#open(followed, undefined);
    const used = { followed, open, remote: new PickedService(open, this) };
    this.#used.set(name, used);
    followed.restore(this.#snapshot?.nodes(name) ?? []);
    void followed.follow(this.#registry);
    return used;
  }

  #settingsOf(name: string): ServiceSettings {
    return this.#settings.services.get(name) ?? this.#settings.general;
  }

  #open(followed: FollowedService, options: SelectOptions | undefined): OpenService {
    const select = mergeSelect(followed.settings.select, options);
    return new OpenService(followed, parseSelect(select, this.#settings.subsetSize), this.#settings.random);
  }

  #onChange(name: string): void {
    const used = this.#used.get(name);
    if (used === undefined) return;
    if (used.followed.hasBeenSynced)
      this.#snapshot?.remember(
        name,
        used.followed.sorted().map(({ node }) => node),
      );
    if (this.#listeners.has('change')) this.#listeners.emit('change', used.remote);
  }

  #onStatus(name: string): void {
    const used = this.#used.get(name);
    if (used !== undefined && this.#listeners.has('status'))
      this.#listeners.emit('status', stateOf(used.open, this.#settings.clock.now()));
  }
}

/** Whether the input is a Request, also one of another class, which a fetch of the caller may have. */
const isRequest = (input: unknown): input is Request =>
  typeof input === 'object' && input !== null && 'url' in input && typeof input.url === 'string' && 'method' in input;

/**
 * Follows each service from its first use, one watch per name, and answers from memory. The registry stays the
 * caller's: `close` ends the watches, not the registry. A promise of a registry saves an `await`.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for an option out of range, naming it.
 */
export function createClient(registry: Registry | Promise<Registry>, options: ClientOptions = {}): Client {
  if (typeof registry !== 'object' || registry === null)
    throw new RegistryError('INVALID_ARGUMENT', 'registry must be a registry such as discovery(), or a promise of one');
  return new ServiceClient(registry, parseClientOptions(options));
}

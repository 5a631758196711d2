import type { Entry } from './adapter/driver.ts';
import type { Registry, Service, WatchEvent, Watcher } from './contract.ts';
import type { RegistryError } from './errors.ts';
import { hasPending } from './guard/watcher.ts';
import { groupByVersion, keyOf } from './model/entry.ts';
import { callOptions, checkOptions } from './model/options.ts';

/** Options of {@link follow}. */
export interface FollowOptions {
  /** Ends the sequence, without an error. */
  readonly signal?: AbortSignal | undefined;
}

type Result = IteratorResult<readonly Service[], undefined>;

/** The node of an event as an entry. */
function entryOf(service: Service): Entry | undefined {
  const [node] = service.nodes;
  return (
    node && {
      name: service.name,
      version: service.version,
      metadata: service.metadata,
      endpoints: service.endpoints,
      node,
    }
  );
}

/** What {@link follow} hands out internally; `waitForService` also needs the error of an outage. */
export class Follower implements AsyncIterableIterator<readonly Service[], undefined, undefined>, AsyncDisposable {
  readonly #watcher: Watcher;
  readonly #entries = new Map<string, Entry>();
  #synced = false;
  #news = true;
  #lost: RegistryError | undefined;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  async next(): Promise<Result> {
    for (;;) {
      const { value } = await this.#watcher.next();
      if (value === undefined) return { done: true, value };
      this.#apply(value);
      // A slow consumer gets the newest state, not every state on the way.
      if (!this.#news || !this.#synced || hasPending(this.#watcher)) continue;
      this.#news = false;
      return { done: false, value: this.state };
    }
  }

  async return(): Promise<Result> {
    await this.#watcher.return();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The nodes told so far. */
  get state(): readonly Service[] {
    return groupByVersion(this.#entries.values());
  }

  /** Why nothing is told at the moment. */
  get lost(): RegistryError | undefined {
    return this.#lost;
  }

  #apply(event: WatchEvent): void {
    if (event.type === 'interrupted') this.#lost = event.error;
    if (event.type === 'synced') this.#lost = undefined;
    if (!('service' in event)) {
      this.#synced = event.type === 'synced';
      return;
    }
    const entry = entryOf(event.service);
    if (entry === undefined) return;
    const key = keyOf(entry.name, entry.node.id);
    if (event.type === 'delete') this.#entries.delete(key);
    else this.#entries.set(key, entry);
    this.#news = true;
  }
}

/**
 * A service as a sequence of states instead of events: the whole service, first when it is known, then after each
 * change.
 * While the backend is lost nothing is told, so the last state stays. A slow consumer gets the newest state. Ends
 * without an error with its signal, `return()`/`break`, or the registry's `close()`.
 *
 * @throws RegistryError `INVALID_ARGUMENT` or `CLOSED`, at once.
 */
export function follow(
  registry: Pick<Registry, 'watch'>,
  name: string,
  options: FollowOptions = {},
): AsyncIterableIterator<readonly Service[]> & AsyncDisposable {
  checkOptions(options, callOptions.follow);
  return new Follower(registry.watch({ name, signal: options.signal }));
}

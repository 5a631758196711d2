import type { FeedContext } from './feed-context.ts';
import { WatchFeed } from './watch-feed.ts';
import { GuardWatcher } from './watcher.ts';

/** One feed per distinct filter, shared by its watchers. */
export class WatchHub {
  readonly #context: FeedContext;
  readonly #feeds = new Map<string | undefined, WatchFeed>();
  #closed = false;

  constructor(context: FeedContext) {
    this.#context = context;
  }

  watch(name: string | undefined, signal: AbortSignal | undefined): GuardWatcher {
    return new GuardWatcher(() => (this.#closed ? undefined : this.#feed(name)), signal);
  }

  /** Ends every watcher; resolves when the backend's watches have let go. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#feeds.values()].map((feed) => feed.close()));
  }

  #feed(name: string | undefined): WatchFeed {
    const known = this.#feeds.get(name);
    if (known !== undefined) return known;
    const feed = new WatchFeed(name, this.#context, () => this.#feeds.delete(name));
    this.#feeds.set(name, feed);
    return feed;
  }
}

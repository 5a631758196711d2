import type { Registry, WatchEvent } from '@rollcall/core';

/** The events of a watcher of a service, and the nodes that they add up to. */
export class Roll {
  readonly events: WatchEvent[] = [];
  readonly #addresses = new Map<string, string>();

  constructor(registry: Registry, name: string) {
    void (async () => {
      for await (const event of registry.watch({ name })) this.#take(event);
    })();
  }

  /** `host:port` of each node, sorted. */
  get addresses(): readonly string[] {
    return [...this.#addresses.values()].sort();
  }

  get synced(): boolean {
    const types = this.events.map(({ type }) => type);
    return types.lastIndexOf('synced') > types.lastIndexOf('interrupted');
  }

  #take(event: WatchEvent): void {
    this.events.push(event);
    if (!('service' in event)) return;
    for (const { id, address } of event.service.nodes) {
      if (event.type === 'delete') this.#addresses.delete(id);
      else this.#addresses.set(id, address);
    }
  }
}

/** Reads a service and returns `host:port` of each node, sorted. */
export const addressesOf = async (registry: Registry, name: string): Promise<readonly string[]> =>
  (await registry.getService(name)).flatMap(({ nodes }) => nodes.map(({ address }) => address)).sort();

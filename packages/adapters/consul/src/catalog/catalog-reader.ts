import type { Logger, SkippedSummary } from '@rollcall/core';
import { SkippedEntries } from '@rollcall/core/adapter';
import type { AgentLink, Query } from '../agents/agent-link.ts';
import { describeItem, type Instance, toInstance } from '../consul-mapping.ts';

/** A service's instances, dead ones included, and the index of the answer. */
export interface Reading {
  readonly index: number;
  readonly instances: readonly Instance[];
}

/** Whether a path can carry the name. For any other name, Consul's server redirects the request to another path. */
export const isPath = (name: string): boolean =>
  name.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');

/** Reads services. A name that has not changed since its last read is not decoded again. */
export class CatalogReader {
  readonly #known = new Map<string, ReadonlyMap<string, Instance>>();
  readonly #skipped = new SkippedEntries();

  get skipped(): SkippedSummary {
    return this.#skipped.summary;
  }

  /** `[]` for an unknown name, and for a name that the path of a request cannot carry. */
  async read(link: AgentLink, name: string, query: Query, logger: Logger): Promise<Reading> {
    if (!isPath(name)) return { index: 1, instances: [] };
    const { index, value } = await link.instances(name, query);
    const before = this.#known.get(name);
    const now = new Map<string, Instance>();
    for (const item of value) {
      const text = JSON.stringify(item);
      const instance = before?.get(text) ?? toInstance(item);
      if (instance === undefined) this.#skipped.tell(logger, describeItem(item), 'no usable name, id or address');
      // Consul ignores the case of names.
      else if (instance.entry.name === name) now.set(text, instance);
    }
    if (query.filter === undefined) {
      if (now.size === 0) this.#known.delete(name);
      else this.#known.set(name, now);
    }
    return { index, instances: [...now.values()] };
  }

  /** Every service name except Consul's own, with its tags as one text. */
  async names(
    link: AgentLink,
    query: Query,
  ): Promise<{ readonly index: number; readonly names: ReadonlyMap<string, string> }> {
    const { index, value } = await link.services(query);
    const names = Object.entries(value).filter(([name]) => name !== 'consul' && isPath(name));
    for (const name of this.#known.keys()) if (!Object.hasOwn(value, name)) this.#known.delete(name);
    return { index, names: new Map(names.map(([name, tags]) => [name, JSON.stringify(tags)])) };
  }
}

import type { IKeyValue } from 'etcd3';
import type { Cluster } from './cluster/cluster.ts';
import { isTooLarge } from './etcd-error.ts';
import { rangeEnd } from './etcd-mapping.ts';
import { maxAnswerBytes, pageSize } from './etcd-options.ts';

/** All keys of a range at one revision. */
export interface Listing {
  readonly revision: string;
  readonly keys: readonly IKeyValue[];
}

/** When a page is fuller than this, the next page has the same number of keys; otherwise it has more. Bytes. */
const roomyBytes = maxAnswerBytes / 4;

/** Reads ranges in pages of as many keys as fit into an answer, and remembers that number for the next range. */
export class Ranges {
  readonly #cluster: Cluster;
  #limit = pageSize;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Lists all pages at one revision, so that the result was true at one moment. */
  async list(prefix: string, signal: AbortSignal): Promise<Listing> {
    const end = rangeEnd(prefix);
    const keys: IKeyValue[] = [];
    let from = Buffer.from(prefix);
    let revision: string | undefined;
    for (;;) {
      const { header, kvs, more } = await this.#page(
        { key: from, range_end: end, ...(revision === undefined ? {} : { revision }) },
        signal,
      );
      revision ??= header.revision;
      for (const kv of kvs) keys.push(kv);
      const last = kvs.at(-1);
      if (!more || last === undefined) return { revision, keys };
      from = Buffer.concat([last.key, Buffer.from([0])]);
    }
  }

  /** etcd limits a page in keys and gRPC in bytes, so a page that is too large is asked for again in halves. */
  async #page(range: { readonly key: Buffer; readonly range_end: Buffer }, signal: AbortSignal) {
    for (;;) {
      const limit = this.#limit;
      try {
        const page = await this.#cluster.run(signal, ({ kv }) => kv.range({ ...range, limit }));
        const bytes = page.kvs.reduce((sum, { value }) => sum + value.length, 0);
        if (page.more && bytes < roomyBytes) this.#limit = Math.min(pageSize, limit * 2);
        return page;
      } catch (cause) {
        if (!isTooLarge(cause) || limit === 1) throw cause;
        this.#limit = Math.ceil(limit / 2);
      }
    }
  }
}

import type { IKeyValue } from 'etcd3';
import { type Connection, deadline } from './connection.ts';
import { rangeEnd } from './etcd-mapping.ts';
import { pageSize, readDeadlineMs } from './etcd-options.ts';

/** All keys of a range at one revision. */
export interface Listing {
  readonly revision: string;
  readonly keys: readonly IKeyValue[];
}

/** Reads a range in pages, all of one revision, so that what is read was true at one moment. */
export async function list(connection: Connection, prefix: string, signal: AbortSignal): Promise<Listing> {
  const end = rangeEnd(prefix);
  const keys: IKeyValue[] = [];
  let from = Buffer.from(prefix);
  let revision: string | undefined;
  for (;;) {
    const request = { key: from, range_end: end, limit: pageSize, ...(revision === undefined ? {} : { revision }) };
    const { header, kvs, more } = await connection.call(signal, ({ kv }) =>
      kv.range(request, deadline(readDeadlineMs)),
    );
    revision ??= header.revision;
    keys.push(...kvs);
    const last = kvs.at(-1);
    if (!more || last === undefined) return { revision, keys };
    from = Buffer.concat([last.key, Buffer.from([0])]);
  }
}

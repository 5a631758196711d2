import type { Clock } from '@rollcall/core';
import { type Entry, keyOf, onAbort, type WatchSink } from '@rollcall/core/adapter';
import type { Instance, RemoveEvent, SnapshotEvent } from '@rollcall/protocol';
import { aliveCharacters, silenceMs } from './discovery-options.ts';
import { EventStreamParser, type StreamEvent } from './http/event-stream.ts';
import { HttpError } from './http/http-error.ts';
import type { Fleet } from './servers/fleet.ts';
import type { ServerLink } from './servers/server-link.ts';

/** What a watch remembers between two connections, so that the next can resume where this one was lost. */
export interface WatchMemory {
  link: ServerLink | undefined;
  cursor: string | undefined;
  entries: Map<string, Entry>;
  /** The server warms up: missing nodes may still register again. */
  held: boolean;
}

/** The memory of a watch that remembers nothing. */
export const emptyMemory = (): WatchMemory => ({ link: undefined, cursor: undefined, entries: new Map(), held: false });

/** What one connection of a watch needs. */
export interface WatchConnection {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly toEntry: (instance: unknown) => Entry | undefined;
  readonly name: string | undefined;
  readonly sink: WatchSink;
  readonly memory: WatchMemory;
  readonly signal: AbortSignal;
}

/** One connection's life: resolves by the signal; rejects when the link is lost or the server is silent. */
export async function watchServer(connection: WatchConnection): Promise<void> {
  const { fleet, clock, memory, name, signal } = connection;
  await fleet.untilWelcome(signal);
  const { link, stream } = await fleet.read(async (server, opening) => {
    const cursor = memory.link === server ? memory.cursor : undefined;
    return { link: server, stream: await server.stream(name, cursor, opening) };
  }, signal);
  await new Promise<void>((resolve, reject) => {
    const reader = new WatchReader(connection, link);
    let cancelSilence = (): void => {};
    const heard = (): void => {
      cancelSilence();
      cancelSilence = clock.setTimer(silenceMs, () => {
        fleet.failed(link);
        lost(new HttpError(`has sent nothing over a watch for ${silenceMs} ms`));
      });
    };
    const end = (settle: () => void): void => {
      cancelSilence();
      stop();
      stream.destroy();
      settle();
    };
    const lost = (cause: unknown): void => end(() => (signal.aborted ? resolve() : reject(cause)));
    stream.on('data', (chunk: Buffer) => {
      heard();
      try {
        reader.read(chunk);
      } catch (cause) {
        lost(cause);
      }
    });
    stream.once('error', () => lost(new HttpError('broke off the watch')));
    stream.once('close', () => lost(new HttpError('ended the watch')));
    heard();
    let stop = (): void => {};
    stop = onAbort(signal, () => end(resolve));
  });
}

/** Turns the events of one stream into calls of the sink. */
class WatchReader {
  readonly #connection: WatchConnection;
  readonly #link: ServerLink;
  readonly #parser = new EventStreamParser();

  constructor(connection: WatchConnection, link: ServerLink) {
    this.#connection = connection;
    this.#link = link;
  }

  read(chunk: Buffer): void {
    for (const event of this.#parser.push(chunk)) {
      this.#apply(event, parse(event));
      this.#remember(event.id);
    }
    if (this.#parser.pending >= aliveCharacters) this.#connection.sink.alive();
  }

  #apply({ event, id }: StreamEvent, data: object): void {
    const { memory, sink } = this.#connection;
    if (event === 'snapshot') this.#snapshot(data as Partial<SnapshotEvent>, id?.split(':')[0] ?? '');
    else if (event === 'put') this.#put(data);
    else if (event === 'remove') this.#remove(data);
    else if (event === 'warmed' || event === 'current') {
      memory.held &&= event === 'current' && 'warming' in data;
      if (!memory.held) sink.snapshot([...memory.entries.values()]);
    }
  }

  #snapshot({ instances, warming }: Partial<SnapshotEvent>, epoch: string): void {
    const { memory, sink, toEntry } = this.#connection;
    // While a restarted server warms up, tell additions only: what is missing may still register again.
    const knewMore = this.#link.epochs.hadEarlier(epoch) || (memory.link !== undefined && memory.link !== this.#link);
    memory.held = warming === true && knewMore;
    const entries = (Array.isArray(instances) ? instances : []).flatMap((instance) => toEntry(instance) ?? []);
    memory.entries = new Map(entries.map((entry) => [keyOf(entry.name, entry.node.id), entry]));
    this.#link.epochs.note(epoch);
    if (memory.held) for (const entry of entries) sink.put(entry);
    else sink.snapshot(entries);
  }

  #put(instance: Partial<Instance>): void {
    const { memory, sink, toEntry } = this.#connection;
    const entry = toEntry(instance);
    if (entry === undefined) {
      // An operator took the node out of service (status 2), or another client wrote a record that cannot be read. In
      // both cases the node must not be called any more.
      this.#remove({ ...instance, reason: instance.status === 2 ? 'deregistered' : 'unknown' });
      return;
    }
    memory.entries.set(keyOf(entry.name, entry.node.id), entry);
    sink.put(entry);
  }

  #remove({ appid, hostname, reason }: Partial<Omit<RemoveEvent, 'reason'>> & { readonly reason?: unknown }): void {
    const { memory, sink } = this.#connection;
    if (typeof appid !== 'string' || typeof hostname !== 'string') return;
    memory.entries.delete(keyOf(appid, hostname));
    const known = reason === 'deregistered' || reason === 'expired' ? reason : 'unknown';
    sink.remove({ name: appid, id: hostname }, known);
  }

  #remember(cursor: string | undefined): void {
    const { memory } = this.#connection;
    memory.link = this.#link;
    if (cursor !== undefined) memory.cursor = cursor;
  }
}

function parse({ event, data }: StreamEvent): object {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Text that is not JSON is refused below, like JSON that is not an object.
  }
  throw new HttpError(`sent a ${event} event that is not a JSON object: is it a Rollcall discovery server?`);
}

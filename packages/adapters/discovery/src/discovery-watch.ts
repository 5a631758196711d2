import type { IncomingMessage } from 'node:http';
import type { Clock } from '@rollcall/core';
import { type Entry, keyOf, type WatchSink } from '@rollcall/core/adapter';
import type { Instance, RemoveEvent, SnapshotEvent } from '@rollcall/protocol';
import { silenceMs } from './discovery-options.ts';
import { EventStreamParser, type StreamEvent } from './http/event-stream.ts';
import { HttpError } from './http/http-error.ts';
import type { Fleet } from './servers/fleet.ts';
import type { ServerLink } from './servers/server-link.ts';

/** What a watch knows between two connections, so that the next can resume where this one was lost. */
export interface WatchMemory {
  link: ServerLink | undefined;
  cursor: string | undefined;
  entries: Map<string, Entry>;
  /** The server warms: who is not there may only be not yet back. */
  held: boolean;
}

/** Nothing is known. */
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

/** One connection's life: resolves by the signal, rejects when the link is lost, frozen servers included. */
export async function watchServer(connection: WatchConnection): Promise<void> {
  const { fleet, signal } = connection;
  const { link, stream } = await fleet.read((server, opening) => open(connection, server, opening), signal);
  await new Promise<void>((resolve, reject) => {
    const reader = new WatchReader(connection, link);
    let cancelSilence = (): void => {};
    const heard = (): void => {
      cancelSilence();
      cancelSilence = connection.clock.setTimer(silenceMs, () => lost(new HttpError(`was silent for ${silenceMs} ms`)));
    };
    const end = (settle: () => void): void => {
      cancelSilence();
      signal.removeEventListener('abort', onAbort);
      stream.destroy();
      settle();
    };
    const lost = (cause: unknown): void => end(() => (signal.aborted ? resolve() : reject(cause)));
    const onAbort = (): void => end(resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    stream.on('data', (chunk: Buffer) => {
      heard();
      try {
        reader.read(chunk);
      } catch (cause) {
        lost(cause);
      }
    });
    stream.once('error', lost);
    stream.once('close', () => lost(new HttpError('ended the watch')));
    heard();
  });
}

/** The deadline of the opening must not end the stream later. */
async function open(
  { name, memory, signal }: WatchConnection,
  link: ServerLink,
  opening: AbortSignal,
): Promise<{ readonly link: ServerLink; readonly stream: IncomingMessage }> {
  const control = new AbortController();
  const abort = (): void => control.abort(opening.reason);
  if (opening.aborted) abort();
  opening.addEventListener('abort', abort, { once: true });
  try {
    const stream = await link.stream(name, memory.link === link ? memory.cursor : undefined, control.signal);
    if (signal.aborted) stream.destroy();
    return { link, stream };
  } finally {
    opening.removeEventListener('abort', abort);
  }
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
    // A server that starts empty has lost nobody yet: who knew more tells only what is back, until warming ends.
    const knewMore = this.#link.restartedSince(epoch) || (memory.link !== undefined && memory.link !== this.#link);
    memory.held = warming === true && knewMore;
    const entries = (Array.isArray(instances) ? instances : []).flatMap((instance) => toEntry(instance) ?? []);
    memory.entries = new Map(entries.map((entry) => [keyOf(entry.name, entry.node.id), entry]));
    this.#link.noteEpoch(epoch);
    if (memory.held) for (const entry of entries) sink.put(entry);
    else sink.snapshot(entries);
  }

  #put(instance: Partial<Instance>): void {
    const { memory, sink, toEntry } = this.#connection;
    const entry = toEntry(instance);
    if (entry === undefined) {
      this.#remove({ ...instance, reason: 'unknown' });
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
    // Falls through: it is as wrong as a number.
  }
  throw new HttpError(`sent a ${event} event that is no JSON object`);
}

import type { IncomingMessage } from 'node:http';
import type { Clock } from '@rollcall/core';
import { createBackoff, type Entry, type EntryKey, keyOf, type Lease } from '@rollcall/core/adapter';
import type { RenewLeasesRequest, RenewStatus } from '@rollcall/protocol';
import { toInstance } from '../discovery-mapping.ts';
import { backgroundTimeoutMs } from '../discovery-options.ts';
import { HttpClient } from '../http/http-client.ts';
import { HttpError } from '../http/http-error.ts';
import { RenewalBatch } from './renewal-batch.ts';

/** What a server that could not be reached has missed, of one node: the last word counts. */
type Missed = { readonly entry: Entry; readonly lease: Lease | undefined } | { readonly cancelled: EntryKey };

/** What every link of one registry shares. */
export interface LinkContext {
  readonly env: string;
  readonly token: string | undefined;
  readonly clock: Clock;
}

const fieldsOf = (body: unknown): Record<string, unknown> =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};

/** A list of an answer. Something else that listens at the address must not pass for an empty roll. */
function listOf(fields: Record<string, unknown>, name: string): readonly unknown[] {
  const list = fields[name];
  if (Array.isArray(list)) return list;
  throw new HttpError(`answered without ${name}: is it a Rollcall server that listens there?`);
}

/** One server: its calls, the handles it gave us, and what it has missed while it was away. */
export class ServerLink {
  readonly url: URL;
  readonly #context: LinkContext;
  readonly #client: HttpClient;
  readonly #handles = new Map<string, number>();
  /** Registered without an answer: it may be there under a handle that we never heard. */
  readonly #unanswered = new Set<string>();
  readonly #missed = new Map<string, Missed>();
  readonly #batch: RenewalBatch;
  readonly #closed = new AbortController();
  readonly #epochs = new Set<string>();
  #catchingUp: Promise<void> | undefined;
  #sending: Promise<void> | undefined;

  constructor(url: URL, context: LinkContext) {
    this.url = url;
    this.#context = context;
    this.#client = new HttpClient(url, context.token);
    this.#batch = new RenewalBatch((items) => this.#renewNow(items), context.clock);
  }

  /** Whether this object has spoken to an earlier start of this server. */
  restartedSince(epoch: string): boolean {
    return this.#epochs.size > 1 || (this.#epochs.size === 1 && !this.#epochs.has(epoch));
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.services(signal);
  }

  async register(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    await this.#turn(entries.map((entry) => keyOf(entry.name, entry.node.id)));
    await this.#register(entries, lease, signal);
  }

  /** One status per key. A key that this server never acknowledged is 404. */
  async renew(keys: readonly EntryKey[], lease: Lease | undefined): Promise<readonly RenewStatus[]> {
    return Promise.all(
      keys.map(({ name, id }) => {
        const handle = this.#handles.get(keyOf(name, id));
        if (handle === undefined) return 404;
        return this.#batch.renew(lease === undefined ? handle : [handle, lease.ttlMs, lease.renewIntervalMs]);
      }),
    );
  }

  /** Whoever registered them. */
  async cancel(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    await this.#turn(keys.map(({ name, id }) => keyOf(name, id)));
    await this.#cancel(keys, signal);
  }

  /** Only what this object holds there. */
  async withdraw(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    await this.#turn(keys.map(({ name, id }) => keyOf(name, id)));
    const unanswered = keys.filter(({ name, id }) => this.#unanswered.has(keyOf(name, id)));
    if (unanswered.length > 0) await this.#cancel(unanswered, signal);
    const handles = keys.flatMap(({ name, id }) => this.#handles.get(keyOf(name, id)) ?? []);
    if (handles.length > 0) await this.#call('POST', '/api/cancel', { handles }, signal);
  }

  async instances(name: string | undefined, signal: AbortSignal): Promise<readonly unknown[]> {
    const path = name === undefined ? `/api/fetch/all?${this.query()}` : `/api/fetch?${this.query(name)}`;
    return listOf(await this.#call('GET', path, undefined, signal), 'instances');
  }

  async services(signal: AbortSignal): Promise<readonly unknown[]> {
    return listOf(await this.#call('GET', `/api/services?${this.query()}`, undefined, signal), 'services');
  }

  /** The stream of a watch, resumed after `cursor`. */
  async stream(name: string | undefined, cursor: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const headers = cursor === undefined ? undefined : { 'last-event-id': cursor };
    const response = await this.#client.stream({
      method: 'GET',
      path: `/api/watch?${this.query(name)}`,
      headers,
      signal,
    });
    if (response.statusCode === 200) return response;
    response.destroy();
    throw new HttpError(`refused a watch with status ${response.statusCode}`, response.statusCode);
  }

  /** It missed this write: tell it as soon as it is there. */
  missedRegister(entries: readonly Entry[], lease: Lease | undefined): void {
    for (const entry of entries) this.#missed.set(keyOf(entry.name, entry.node.id), { entry, lease });
    this.#catchingUp ??= this.#catchUp();
  }

  /** It missed this removal. */
  missedCancel(keys: readonly EntryKey[]): void {
    for (const key of keys) this.#missed.set(keyOf(key.name, key.id), { cancelled: key });
    this.#catchingUp ??= this.#catchUp();
  }

  /** Before reads go to it: tells it what it has missed. */
  async settle(signal: AbortSignal): Promise<void> {
    await this.#sending;
    if (this.#missed.size > 0) await this.#sendMissed(signal);
  }

  noteEpoch(epoch: unknown): void {
    if (typeof epoch !== 'string') return;
    this.#epochs.delete(epoch);
    this.#epochs.add(epoch);
    // The last two say whether there was another before.
    for (const old of this.#epochs) if (this.#epochs.size > 2) this.#epochs.delete(old);
  }

  close(): void {
    this.#closed.abort();
    this.#client.close();
  }

  query(name?: string): string {
    return new URLSearchParams({ env: this.#context.env, ...(name === undefined ? {} : { appid: name }) }).toString();
  }

  async #register(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    const instances = entries.map((entry) => toInstance(entry, this.#context.env, lease));
    for (const entry of entries) this.#unanswered.add(keyOf(entry.name, entry.node.id));
    const { handles } = await this.#call('POST', '/api/register', { instances }, signal);
    for (const [index, entry] of entries.entries()) {
      const handle: unknown = Array.isArray(handles) ? handles[index] : undefined;
      if (!Number.isSafeInteger(handle)) throw new HttpError('registered without answering a handle');
      this.#handles.set(keyOf(entry.name, entry.node.id), handle as number);
      this.#unanswered.delete(keyOf(entry.name, entry.node.id));
    }
  }

  async #cancel(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    const { env } = this.#context;
    await this.#call(
      'POST',
      '/api/cancel',
      { keys: keys.map(({ name, id }) => ({ env, appid: name, hostname: id })) },
      signal,
    );
    for (const { name, id } of keys) this.#handles.delete(keyOf(name, id));
  }

  async #renewNow(items: RenewLeasesRequest): Promise<readonly RenewStatus[]> {
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(backgroundTimeoutMs)]);
    const statuses = listOf(await this.#call('PUT', '/api/leases', items, signal), 'statuses');
    const known = statuses.filter(
      (status): status is RenewStatus => status === 200 || status === 404 || status === 409,
    );
    if (known.length === items.length) return known;
    throw new HttpError(`answered ${known.length} statuses for ${items.length} renewals`);
  }

  /** A write of now follows what is being caught up, and overrules what was missed. */
  async #turn(keys: readonly string[]): Promise<void> {
    await this.#sending;
    for (const key of keys) this.#missed.delete(key);
  }

  async #catchUp(): Promise<void> {
    const { clock } = this.#context;
    const backoff = createBackoff({ clock });
    const closed = new Promise<void>((resolve) => this.#closed.signal.addEventListener('abort', () => resolve()));
    while (this.#missed.size > 0 && !this.#closed.signal.aborted) {
      await Promise.race([closed, new Promise<void>((resolve) => clock.setTimer(backoff.next(), resolve))]);
      if (this.#closed.signal.aborted) break;
      const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(backgroundTimeoutMs)]);
      await this.#sendMissed(signal).catch(() => {});
    }
    this.#catchingUp = undefined;
  }

  async #sendMissed(signal: AbortSignal): Promise<void> {
    const missed = [...this.#missed];
    const sending = this.#tellMissed(
      missed.map(([, what]) => what),
      signal,
    );
    this.#sending = sending.catch(() => {});
    await sending;
    for (const [key, what] of missed) if (this.#missed.get(key) === what) this.#missed.delete(key);
  }

  async #tellMissed(missed: readonly Missed[], signal: AbortSignal): Promise<void> {
    const cancelled = missed.flatMap((what) => ('cancelled' in what ? what.cancelled : []));
    if (cancelled.length > 0) await this.#cancel(cancelled, signal);
    for (const what of missed) if ('entry' in what) await this.#register([what.entry], what.lease, signal);
  }

  async #call(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const answer = await this.#client.json({ method, path, body, signal });
    const { data, message, epoch } = fieldsOf(answer.body);
    this.noteEpoch(epoch);
    if (answer.status === 200) return fieldsOf(data);
    throw new HttpError(`answered ${answer.status}${typeof message === 'string' ? `: ${message}` : ''}`, answer.status);
  }
}

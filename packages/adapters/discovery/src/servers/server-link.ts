import type { IncomingMessage } from 'node:http';
import { type Clock, RegistryError } from '@rollcall/core';
import {
  type BackendEndpoint,
  type Entry,
  type EntryKey,
  keyOf,
  type Lease,
  withDeadline,
} from '@rollcall/core/adapter';
import type { CancelKey, RenewLeasesRequest, RenewStatus } from '@rollcall/protocol';
import { toInstance } from '../discovery-mapping.ts';
import { backgroundTimeoutMs } from '../discovery-options.ts';
import { ApiClient, listOf } from '../http/api-client.ts';
import type { Credentials } from '../http/credentials.ts';
import { HttpError } from '../http/http-error.ts';
import { Epochs } from './epochs.ts';
import { type HeldHandle, HeldHandles } from './held-handles.ts';
import { MissedWrites } from './missed-writes.ts';
import { RenewalBatch } from './renewal-batch.ts';

/** What every link of one registry shares. */
export interface LinkContext {
  readonly env: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
}

/** One server: its calls, the handles that it gave this object, and the writes that it missed. */
export class ServerLink {
  /** `host:port`. */
  readonly address: string;
  /** The epochs of the server that this object has heard of. */
  readonly epochs: Epochs = new Epochs();
  /** Writes that the server missed while it could not be reached. */
  readonly missed: MissedWrites;
  readonly #context: LinkContext;
  readonly #api: ApiClient;
  readonly #handles = new HeldHandles();
  /**
   * Nodes that the server did not know at their renewal. They must not be taken over from an object that has registered
   * them since.
   */
  readonly #lost = new Set<string>();
  readonly #batch: RenewalBatch;
  readonly #closed = new AbortController();
  #warming = false;
  #durable = false;
  #hasSecrets = false;

  constructor(endpoint: BackendEndpoint, context: LinkContext) {
    const { credentials, clock } = context;
    this.address = endpoint.address;
    this.#context = context;
    this.#api = new ApiClient({
      endpoint,
      credentials,
      clock,
      heard: ({ epoch, warming, durable }) => {
        this.epochs.note(epoch);
        this.#warming = warming === true;
        // A refusal by a program in between says nothing about the server.
        if (epoch !== undefined) this.#durable = durable === true;
      },
    });
    this.#batch = new RenewalBatch((items) => this.#renewNow(items), clock);
    this.missed = new MissedWrites({
      clock,
      closed: this.#closed.signal,
      register: (entries, lease, signal) => this.#restore(entries, lease, signal),
      cancel: (keys, signal) => this.#cancel(keys, signal).catch(unlessForbidden),
    });
  }

  /** Whether, by its last answer, the server still waits for instances to come back. */
  get warming(): boolean {
    return this.#warming;
  }

  /** Whether the server says that its roll outlives a crash. */
  get durable(): boolean {
    return this.#durable;
  }

  async register(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    await this.missed.giveWay(
      entries.map(({ name, node }) => ({ name, id: node.id })),
      signal,
    );
    await this.#register(entries, lease, signal);
  }

  /** One status per key. A key that this server never acknowledged is 404. */
  async renew(keys: readonly EntryKey[], lease: Lease | undefined): Promise<readonly RenewStatus[]> {
    return Promise.all(
      keys.map(async ({ name, id }) => {
        const key = keyOf(name, id);
        const held = this.#handles.find(key);
        if (held === undefined) return 404;
        const status = await this.#batch.renew(renewalOf(held, lease));
        if (status === 404) this.#lost.add(key);
        // A register of our own may hold the node: it crossed this renewal, or its answer was lost.
        const mayBeOurs = this.#handles.isUnanswered(key) || this.#handles.find(key) !== held;
        return status === 409 && mayBeOurs ? 404 : status;
      }),
    );
  }

  /** Removes nodes, also those of other registry objects. */
  async cancel(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    await this.missed.giveWay(keys, signal);
    await this.#cancel(keys, signal);
  }

  /** Removes only the nodes that this object holds on this server. */
  async withdraw(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    await this.missed.giveWay(keys, signal);
    const unanswered = keys.filter(({ name, id }) => this.#handles.isUnanswered(keyOf(name, id)));
    if (unanswered.length > 0) await this.#cancel(unanswered, signal).catch(unlessForbidden);
    await this.#release(keys, signal);
  }

  /**
   * Gives up nodes that another registry object holds. Those that this object still holds on this server are removed,
   * in the background.
   */
  abandon(keys: readonly EntryKey[]): void {
    this.missed.forget(keys);
    // On a server that cannot be reached the lease runs out.
    this.#inBackground((signal) => this.#release(keys, signal)).catch(() => {});
  }

  async instances(name: string | undefined, signal: AbortSignal): Promise<readonly unknown[]> {
    const path = name === undefined ? `/api/fetch/all?${this.#query()}` : `/api/fetch?${this.#query(name)}`;
    return listOf(await this.#api.call({ method: 'GET', path, signal }), 'instances');
  }

  async services(signal: AbortSignal): Promise<readonly unknown[]> {
    return listOf(await this.#api.call({ method: 'GET', path: `/api/services?${this.#query()}`, signal }), 'services');
  }

  /** The stream of a watch, resumed after `cursor`. */
  stream(name: string | undefined, cursor: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const headers = cursor === undefined ? undefined : { 'last-event-id': cursor };
    return this.#api.events({ method: 'GET', path: `/api/watch?${this.#query(name)}`, headers, signal });
  }

  close(): void {
    this.#closed.abort(new RegistryError('CLOSED', 'the registry is closed'));
    this.#api.close();
  }

  /** Cancels by handle, which removes only nodes that the handle still holds. Answers the keys that may be left. */
  async #release(keys: readonly EntryKey[], signal: AbortSignal): Promise<readonly EntryKey[]> {
    const held = keys.flatMap(({ name, id }) => this.#handles.find(keyOf(name, id)) ?? []);
    if (held.length === 0) return keys;
    const handles = held.map(({ handle }) => handle);
    const body = this.#hasSecrets ? { handles, secrets: held.map(({ secret = '' }) => secret) } : { handles };
    const { cancelled } = await this.#api.call({ method: 'POST', path: '/api/cancel', body, signal });
    if (cancelled !== held.length) return keys;
    return keys.filter(({ name, id }) => this.#handles.find(keyOf(name, id)) === undefined);
  }

  #query(name?: string): string {
    return new URLSearchParams({ env: this.#context.env, ...(name === undefined ? {} : { appid: name }) }).toString();
  }

  /** The writes that the server missed, without nodes that another object holds by now. */
  async #restore(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    try {
      await this.#register(entries, lease, signal);
    } catch (cause) {
      if (!saysHeld(cause)) throw cause;
      if (entries.length > 1) for (const entry of entries) await this.#restore([entry], lease, signal);
    }
  }

  async #register(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    const keys = entries.map((entry) => keyOf(entry.name, entry.node.id));
    const instances = entries.map((entry, index) =>
      toInstance(entry, this.#context.env, lease, !this.#lost.has(keys[index] ?? '')),
    );
    const register = this.#handles.sent(keys);
    const body = { instances };
    const answer = await this.#api.call({ method: 'POST', path: '/api/register', body, signal }).catch((cause) => {
      // Nothing was written. After any other failure the node may be ours, so the next register may take it over, like
      // a first one.
      if (saysHeld(cause)) this.#handles.refused(keys, register);
      else for (const key of keys) this.#lost.delete(key);
      throw cause;
    });
    const { handles, secrets } = answer;
    this.#hasSecrets = Array.isArray(secrets);
    for (const [index, key] of keys.entries()) {
      const handle: unknown = Array.isArray(handles) ? handles[index] : undefined;
      if (!Number.isSafeInteger(handle))
        throw new HttpError('answered a register without a handle: is it a Rollcall discovery server?');
      const secret: unknown = Array.isArray(secrets) ? secrets[index] : undefined;
      const held = { handle: handle as number, secret: typeof secret === 'string' ? secret : undefined };
      this.#handles.answered(key, register, held);
      this.#lost.delete(key);
    }
  }

  async #cancel(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    // A server with lease secrets needs the secret for nodes that this object holds, and refuses to remove other nodes
    // by name.
    const left = this.#hasSecrets ? await this.#release(keys, signal) : keys;
    if (left.length > 0) await this.#cancelByName(left, signal);
    for (const { name, id } of keys) {
      this.#handles.delete(keyOf(name, id));
      this.#lost.delete(keyOf(name, id));
    }
  }

  async #cancelByName(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    const { env } = this.#context;
    const cancelled = keys.map(({ name, id }): CancelKey => {
      const handle = this.#handles.find(keyOf(name, id))?.handle;
      return { env, appid: name, hostname: id, ...(handle === undefined ? {} : { handle }) };
    });
    const body = { keys: cancelled };
    await this.#api.call({ method: 'POST', path: '/api/cancel', body, signal });
  }

  /** One batch of renewals. Its callers have deadlines of their own, so it needs one as well. */
  #renewNow(items: RenewLeasesRequest): Promise<readonly RenewStatus[]> {
    return this.#inBackground(async (signal) => {
      const answer = await this.#api.call({ method: 'PUT', path: '/api/leases', body: items, signal });
      const known = listOf(answer, 'statuses').filter(
        (status): status is RenewStatus => status === 200 || status === 404 || status === 409,
      );
      if (known.length === items.length) return known;
      throw new HttpError(
        `answered ${known.length} statuses for ${items.length} renewals: is it a Rollcall discovery server?`,
      );
    });
  }

  #inBackground<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const message = `the discovery server ${this.address} did not answer within ${backgroundTimeoutMs} ms`;
    const reason = new RegistryError('TIMEOUT', message);
    const { clock } = this.#context;
    return withDeadline({ clock, ms: backgroundTimeoutMs, signal: this.#closed.signal, reason }, work);
  }
}

/** Another client holds the id. */
const saysHeld = (cause: unknown): boolean => cause instanceof HttpError && cause.status === 409;

function renewalOf({ handle, secret }: HeldHandle, lease: Lease | undefined): RenewLeasesRequest[number] {
  if (lease === undefined) return secret === undefined ? handle : [handle, secret];
  const { ttlMs, renewIntervalMs } = lease;
  return secret === undefined ? [handle, ttlMs, renewIntervalMs] : [handle, ttlMs, renewIntervalMs, secret];
}

/**
 * On a server with lease secrets only an admin removes by name, so the nodes that are registered there end with their
 * TTL.
 */
function unlessForbidden(cause: unknown): void {
  if (!(cause instanceof HttpError) || cause.status !== 403) throw cause;
}

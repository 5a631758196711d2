import { randomBytes } from 'node:crypto';
import type { Capabilities, Registry, RegistryOptions, ServiceInput, WatchOptions } from '@rollcall/core';
import * as defaults from '../defaults.ts';
import type { Harness } from '../harness.ts';
import { Observer } from './observer.ts';
import { assertServices } from './roll.ts';
import { eventually, within } from './waiting.ts';

/** The tools of one case: registries and watchers that are closed afterwards, unique names, deadlines. */
export class CaseContext {
  readonly capabilities: Capabilities;
  /** The prefix of every service name of this case. */
  readonly prefix: string = `rc-${randomBytes(5).toString('hex')}`;
  readonly #harness: Harness;
  readonly #opened: Registry[] = [];
  readonly #observers: Observer[] = [];

  constructor(harness: Harness, capabilities: Capabilities) {
    this.#harness = harness;
    this.capabilities = capabilities;
  }

  /** Milliseconds, stretched by the harness's patience. */
  patient(ms: number): number {
    return ms * (this.#harness.patience ?? 1);
  }

  /** How long a call that needs no backend may take to settle. */
  get soonMs(): number {
    return this.patient(defaults.soonMs);
  }

  /** How long a write may take to be visible to others. */
  get settleMs(): number {
    return this.capabilities.propagationMs + this.patient(defaults.settleMs);
  }

  /** How long all objects may take to find a backend that is back. */
  get recoverMs(): number {
    return this.capabilities.propagationMs + this.patient(defaults.recoverMs);
  }

  /** How long to wait to see that an event does not come. */
  get quietMs(): number {
    return this.capabilities.propagationMs + defaults.quietMs;
  }

  /** How much a loaded machine may add to a measured time. */
  get toleranceMs(): number {
    return this.patient(defaults.toleranceMs);
  }

  /** The shortest TTL of this backend that is at least as long as the given one. */
  ttlMs(atLeastMs: number): number {
    const { minTtlMs, ttlResolutionMs } = this.capabilities;
    return Math.ceil(Math.max(atLeastMs, minTtlMs) / ttlResolutionMs) * ttlResolutionMs;
  }

  /** A service name that no other case uses. */
  name(label = 's'): string {
    return `${this.prefix}-${label}`;
  }

  /** A new registry object on the backend. */
  async open(options?: RegistryOptions): Promise<Registry> {
    const registry = await this.#harness.open(options);
    this.#opened.push(registry);
    return registry;
  }

  /** Two registry objects: one writes, one observes. */
  async openTwo(): Promise<readonly [Registry, Registry]> {
    return [await this.open(), await this.open()];
  }

  /** A watcher that has not started yet, for a consumer that takes events slowly. */
  slowObserver(registry: Registry, options: WatchOptions = {}): Observer {
    const { prefix, settleMs } = this;
    const quietMs = Math.min(this.quietMs, defaults.shortQuietMs);
    const observer = new Observer({ ...options, registry, prefix, settleMs, quietMs });
    this.#observers.push(observer);
    return observer;
  }

  /** A watcher that takes every event at once. */
  observe(registry: Registry, options: WatchOptions = {}): Observer {
    return this.slowObserver(registry, options).start();
  }

  /** Waits until this object's reads of a service answer exactly these nodes. */
  async shows(
    registry: Registry,
    name: string,
    written: readonly ServiceInput[],
    ms: number = this.settleMs,
  ): Promise<void> {
    await eventually(`getService(${name})`, ms, async () => assertServices(await registry.getService(name), written));
  }

  /** Repeats a call until the restarted backend has answered it. */
  recovers<T>(what: string, call: () => Promise<T>): Promise<T> {
    return eventually(what, this.recoverMs, call);
  }

  /** Closes everything; fails when something does not end. */
  async dispose(): Promise<void> {
    const limit = this.patient(defaults.soonMs) + defaults.settleMs;
    for (const observer of this.#observers) await observer.stop(limit);
    await Promise.all(this.#opened.map((registry) => within('close()', limit, registry.close())));
  }
}

const known = new WeakMap<Harness, Capabilities>();

/** The capabilities of the backend, asked once per harness. */
export async function capabilitiesOf(harness: Harness): Promise<Capabilities> {
  const before = known.get(harness);
  if (before !== undefined) return before;
  const registry = await harness.open();
  try {
    await registry.init();
    // Capabilities that depend on the server are known only after init.
    const capabilities = { ...registry.capabilities };
    known.set(harness, capabilities);
    return capabilities;
  } finally {
    await registry.close();
  }
}

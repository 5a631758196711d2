import assert from 'node:assert/strict';
import {
  type Registry,
  RegistryError,
  type Service,
  type ServiceInput,
  type WatchEvent,
  type Watcher,
} from '@rollcall/core';
import { rowsOf } from './roll.ts';
import { eventually, pause, within } from './waiting.ts';

/** What an {@link Observer} needs from its case. */
export interface ObserverOptions {
  readonly registry: Registry;
  /** Only this service; absent: all services. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Services whose names have another prefix belong to other users of the backend. */
  readonly prefix: string;
  /** How long reaching a state may take, in milliseconds. */
  readonly settleMs: number;
  /** How long the state must stay then, in milliseconds. */
  readonly quietMs: number;
}

const reasons = ['deregistered', 'expired', 'unknown'];
const keyOf = (event: Service): string => `${event.name}\0${event.nodes[0]?.id}`;

/**
 * Folds the events of a watcher into a state and checks each against the contract: a create is of an unknown node, an
 * update of a known node that it changes, a delete of a known node with a reason, each of one node.
 */
export class Observer {
  readonly events: WatchEvent[] = [];
  readonly watcher: Watcher;
  readonly #options: ObserverOptions;
  readonly #told = new Map<string, Service>();
  #synced = false;
  #interruptions = 0;
  #ended = false;
  #failure: unknown;
  #pumping: Promise<void> | undefined;

  constructor(options: ObserverOptions) {
    const { registry, name, signal } = options;
    this.#options = options;
    this.watcher = registry.watch({ ...(name === undefined ? {} : { name }), ...(signal ? { signal } : {}) });
  }

  /** Takes events at once, from now on. */
  start(): this {
    this.#pumping ??= this.#pump();
    return this;
  }

  /** Takes one event, like a slow consumer; undefined when the watcher ended. */
  async pull(withinMs: number = this.#options.settleMs): Promise<WatchEvent | undefined> {
    const { done, value } = await within('the watcher tells something', withinMs, this.watcher.next());
    if (done === true) this.#ended = true;
    else this.#apply(value);
    return value ?? undefined;
  }

  /** Takes events until the last one is `synced`. */
  async pullUntilSynced(): Promise<void> {
    do await this.pull();
    while (!this.#synced && !this.#ended);
  }

  /** The nodes told so far. */
  get state(): readonly Service[] {
    return [...this.#told.values()];
  }

  get synced(): boolean {
    return this.#synced;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** How often `interrupted` was told. */
  get interruptions(): number {
    return this.#interruptions;
  }

  /** The last delete of this node. */
  deleteOf(id: string): Extract<WatchEvent, { type: 'delete' }> | undefined {
    return this.events.findLast((event) => event.type === 'delete' && event.service.nodes[0]?.id === id) as
      | Extract<WatchEvent, { type: 'delete' }>
      | undefined;
  }

  /** Waits until a condition holds for what was told. */
  async until(what: string, holds: () => boolean, ms: number = this.#options.settleMs): Promise<void> {
    await eventually(what, ms, () => {
      this.#rethrow();
      assert(holds(), `told so far: ${this.#summary()}`);
    });
  }

  /** Waits until the state is exactly these nodes, and synced; then checks that it stays. */
  async settlesTo(written: readonly ServiceInput[], ms: number = this.#options.settleMs): Promise<void> {
    const wanted = rowsOf(written);
    const check = (): void => {
      this.#rethrow();
      assert.deepEqual(rowsOf(this.state), wanted);
      assert(this.#synced, 'the watcher is not synced');
    };
    await eventually('the watcher has told the wanted state', ms, check);
    await pause(this.#options.quietMs);
    await eventually('the told state stays', ms, check);
  }

  /** Waits until the watcher has ended. */
  async ends(ms: number = this.#options.settleMs): Promise<void> {
    await this.until('the watcher ends', () => this.#ended, ms);
  }

  /** Ends the watch unless it has ended already. */
  async stop(ms: number = this.#options.settleMs): Promise<void> {
    await within('return() of a watcher', ms, this.watcher.return());
    if (this.#pumping !== undefined) await within('a watcher ends by return()', ms, this.#pumping);
  }

  async #pump(): Promise<void> {
    try {
      for await (const event of this.watcher) this.#apply(event);
      this.#ended = true;
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #apply(event: WatchEvent): void {
    if (!('service' in event)) {
      this.events.push(event);
      this.#synced = event.type === 'synced';
      if (event.type !== 'interrupted') return;
      this.#interruptions += 1;
      assert(RegistryError.is(event.error), `interrupted carries ${String(event.error)}, which is not a RegistryError`);
      return;
    }
    const { service } = event;
    const { name, prefix } = this.#options;
    if (name !== undefined) assert.equal(service.name, name, 'a watcher of one service was told of another');
    if (!service.name.startsWith(prefix)) return;
    this.events.push(event);
    assert.equal(service.nodes.length, 1, `a ${event.type} carries ${service.nodes.length} nodes instead of one`);
    this.#fold(event.type, service);
    if (event.type === 'delete')
      assert(
        reasons.includes(event.reason),
        `a delete has the reason ${event.reason}, not one of ${reasons.join(', ')}`,
      );
  }

  #fold(type: 'create' | 'update' | 'delete', service: Service): void {
    const key = keyOf(service);
    const known = this.#told.get(key);
    const id = service.nodes[0]?.id;
    if (type === 'create') assert.equal(known, undefined, `create of node ${id}, which was told before`);
    else assert.notEqual(known, undefined, `${type} of node ${id}, which was never told`);
    if (type === 'update' && known !== undefined) {
      const same = JSON.stringify([rowsOf([known]), known.nodes[0]?.late]);
      assert.notEqual(
        JSON.stringify([rowsOf([service]), service.nodes[0]?.late]),
        same,
        `update of ${id} changes nothing`,
      );
    }
    if (type === 'delete') this.#told.delete(key);
    else this.#told.set(key, service);
  }

  #summary(): string {
    const last = this.events
      .slice(-8)
      .map((event) => ('service' in event ? `${event.type} ${event.service.nodes[0]?.id}` : event.type));
    return last.length === 0 ? 'nothing' : last.join(', ');
  }
}

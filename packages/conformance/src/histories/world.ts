import { randomBytes } from 'node:crypto';
import type { Capabilities, Registry } from '@rollcall/core';
import type { FaultControl } from '../kit/fault-control.ts';
import type { HistorySettings } from './history-options.ts';
import type { HistoryTime } from './history-time.ts';
import { NodeModel } from './node-model.ts';
import { Told } from './told.ts';

/** Services of histories: few, so that objects meet; one name begins with the other. */
export const serviceLabels = ['web', 'web.api'] as const;
/** Ids of the nodes of those services; two differ only by case. */
export const nodeIds = ['n1', 'N1', 'n2'] as const;
/** Names of the registry objects. A closed object is followed by a new one of the same name. */
export const slots = ['a', 'b', 'c'] as const;

/** What an object believes about a node, which decides between a first register and a renewal. */
export interface Claim {
  /** `none`: the object never registered it. `held`: acknowledged. `told`: refused since. `unsure`: an outcome is unknown. */
  readonly state: 'none' | 'held' | 'told' | 'unsure';
}

/** A registry object of a history. */
export class Caller {
  readonly number: number;
  readonly label: string;
  readonly registry: Registry;
  readonly claims: Map<string, Claim> = new Map();
  open = true;

  constructor(number: number, label: string, registry: Registry) {
    this.number = number;
    this.label = label;
    this.registry = registry;
  }

  claim(key: string): Claim {
    return this.claims.get(key) ?? { state: 'none' };
  }
}

/** Everything that one history works with: the registries, and the model of what must be true of them. */
export class World {
  readonly capabilities: Capabilities;
  readonly time: HistoryTime;
  readonly faults: FaultControl | undefined;
  readonly lines: string[] = [];
  readonly prefix: string = `rh-${randomBytes(5).toString('hex')}-`;
  readonly watchers: Told[] = [];
  readonly callers: Caller[] = [];
  readonly #models = new Map<string, NodeModel>();
  readonly #settings: HistorySettings;
  readonly #current = new Map<number, Caller>();
  readonly #owners = new Map<Told, Caller>();
  readonly #startedAt: number;
  /** `serving` unless a fault changed it. */
  backend: 'serving' | 'stopped' | 'frozen' = 'serving';
  /** The message of the last refusal. */
  refusal = '';
  /** When the backend was stopped or frozen. */
  faultAt = 0;

  constructor(
    settings: HistorySettings,
    capabilities: Capabilities,
    time: HistoryTime,
    faults: FaultControl | undefined,
  ) {
    this.#settings = settings;
    this.capabilities = capabilities;
    this.time = time;
    this.faults = faults;
    this.#startedAt = time.now();
    for (const service of serviceLabels) {
      for (const id of nodeIds)
        this.#models.set(
          `${service}/${id}`,
          new NodeModel(capabilities.propagationMs, (since) => time.stalledMs(since)),
        );
    }
  }

  /** Adds a line to the history, for the report of a failure. */
  note(line: string): void {
    this.lines.push(line.replaceAll(this.prefix, ''));
  }

  /** Whether every node answers for itself, in real time, because no server keeps the roll. */
  get isHearsay(): boolean {
    return this.capabilities.removesOthers === 'own' && !this.time.isVirtual;
  }

  /** Milliseconds since the history began, for comments in its report. */
  at(): string {
    return `${Math.round(this.time.now() - this.#startedAt)} ms`;
  }

  model(service: string, id: string): NodeModel {
    return this.#models.get(`${service}/${id}`) as NodeModel;
  }

  /** Every node, by service label and id. */
  models(): readonly {
    readonly service: string;
    readonly id: string;
    readonly key: string;
    readonly model: NodeModel;
  }[] {
    return serviceLabels.flatMap((service) =>
      nodeIds.map((id) => ({ service, id, key: `${service}/${id}`, model: this.model(service, id) })),
    );
  }

  /** The name under which the backend knows a service of this history. */
  nameOf(service: string): string {
    return `${this.prefix}${service}`;
  }

  /** The service of this history with this name. */
  serviceOf(name: string): string | undefined {
    return name.startsWith(this.prefix) ? name.slice(this.prefix.length) : undefined;
  }

  /** The object in a slot; opens one where there is none. */
  async caller(slot: number): Promise<Caller> {
    const known = this.#current.get(slot);
    if (known?.open) return known;
    const fresh = await this.open(slots[slot] ?? 'x');
    this.#current.set(slot, fresh);
    return fresh;
  }

  /** Another object, outside the slots. */
  async open(label: string): Promise<Caller> {
    const { clock, harness } = this.#settings;
    const opened = harness.open({ closeTimeoutMs: 1_000, ...(clock ? { clock } : {}) });
    const registry = await this.time.ends('open()', 10_000, Promise.resolve(opened));
    const earlier = this.callers.filter((one) => one.label.startsWith(label)).length;
    const caller = new Caller(this.callers.length, earlier === 0 ? label : `${label}${earlier + 1}`, registry);
    this.callers.push(caller);
    this.note(`const ${caller.label} = await open();`);
    return caller;
  }

  /** A watcher that takes every event at once. */
  watch(caller: Caller, service: string | undefined): Told {
    const label = `watcher ${this.watchers.length + 1}`;
    const name = service === undefined ? undefined : this.nameOf(service);
    this.note(`const ${label.replace(' ', '')} = ${caller.label}.watch(${service ? `{ name: '${service}' }` : ''});`);
    const watcher = caller.registry.watch(name === undefined ? {} : { name });
    const told = new Told(watcher, {
      label,
      name,
      now: () => this.time.now(),
      latenessMs: () => {
        const { slackMs } = this.time;
        return slackMs + this.time.stalledMs(this.time.now() - slackMs);
      },
      modelOf: (found, id) => {
        const of = this.serviceOf(found);
        return of === undefined ? undefined : this.#models.get(`${of}/${id}`);
      },
      models: () =>
        this.models()
          .filter((one) => service === undefined || one.service === service)
          .map(({ key, model }) => ({ key: `${this.prefix}${key}`, model })),
      note: (line) => this.note(line),
    });
    this.watchers.push(told);
    this.#owners.set(told, caller);
    return told;
  }

  /** The watchers that still run. */
  running(): readonly Told[] {
    return this.watchers.filter((one) => !one.ended);
  }

  watchersOf(caller: Caller): readonly Told[] {
    return this.watchers.filter((one) => this.#owners.get(one) === caller);
  }

  /** Throws the violation that a watcher found, if any. */
  check(): void {
    for (const one of this.watchers) one.check();
  }
}

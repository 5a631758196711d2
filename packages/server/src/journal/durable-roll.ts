import type { Instance } from '../roll/instance.ts';
import type { InstanceRef } from '../roll/instance-ref.ts';
import type { PublishedRoll } from '../roll/published-roll.ts';
import type { Roll } from '../roll/roll.ts';
import type { EnvironmentStatus } from '../roll/status.ts';

/** An instance as the store has it; undefined: it is not in the store. */
export type DurableInstance = readonly [ref: InstanceRef, instance: Instance | undefined];

/** Instances by service and id; undefined: not listed. */
type Services = Map<string, Map<string, Instance | undefined>>;

/**
 * The roll as far as the store has it, which is what readers see: the roll itself, except for the few instances of which the
 * roll is ahead of the store.
 */
export class DurableRoll implements PublishedRoll {
  readonly #roll: Roll;
  /** By env: the stored state of instances that have changed since the last synced group. */
  readonly #stored = new Map<string, Services>();
  #revision = 0;

  constructor(roll: Roll) {
    this.#roll = roll;
  }

  get epoch(): string {
    return this.#roll.epoch;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Keeps `before`, the stored state of an instance that the roll has changed, for readers until `publish`. */
  hold({ env, service, id }: InstanceRef, before: Instance | undefined): void {
    const nodes = this.#nodes(env, service);
    if (!nodes.has(id)) nodes.set(id, before);
  }

  /** Shows readers the durable state up to `revision`. `isAhead`: whether the roll has changed an instance since. */
  publish(instances: readonly DurableInstance[], revision: number, isAhead: (ref: InstanceRef) => boolean): void {
    for (const [ref, instance] of instances) {
      if (isAhead(ref)) this.#nodes(ref.env, ref.service).set(ref.id, instance);
      else this.#release(ref);
    }
    this.#revision = revision;
  }

  /** Begins with a restored roll, all of which is in the store. */
  begin(revision: number): void {
    this.#revision = revision;
  }

  settle(): void {
    this.#roll.settle();
  }

  instances(env: string, service?: string): readonly Instance[] {
    const instances = this.#roll.instances(env, service);
    const services = this.#stored.get(env);
    if (services === undefined) return instances;
    if (service === undefined) {
      const same = instances.filter((instance) => services.get(instance.service)?.has(instance.id) !== true);
      return [...same, ...[...services.values()].flatMap(listedOf)];
    }
    const nodes = services.get(service);
    return nodes === undefined ? instances : asStored(instances, nodes);
  }

  /** The present state, which may be ahead of the store. Callers wait until it is durable. */
  status(env?: string): readonly EnvironmentStatus[] {
    return this.#roll.status(env);
  }

  #nodes(env: string, service: string): Map<string, Instance | undefined> {
    const services: Services = this.#stored.get(env) ?? new Map();
    this.#stored.set(env, services);
    const nodes = services.get(service) ?? new Map<string, Instance | undefined>();
    services.set(service, nodes);
    return nodes;
  }

  #release({ env, service, id }: InstanceRef): void {
    const services = this.#stored.get(env);
    const nodes = services?.get(service);
    if (nodes?.delete(id) !== true || nodes.size > 0) return;
    services?.delete(service);
    if (services?.size === 0) this.#stored.delete(env);
  }
}

/** The instances of a service, with those in `nodes` replaced by what the store has of them. */
function asStored(instances: readonly Instance[], nodes: ReadonlyMap<string, Instance | undefined>): Instance[] {
  return [...instances.filter(({ id }) => !nodes.has(id)), ...listedOf(nodes)];
}

const listedOf = (nodes: ReadonlyMap<string, Instance | undefined>): Instance[] =>
  [...nodes.values()].filter((instance) => instance !== undefined);

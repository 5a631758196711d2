import type { Instance } from '../roll/instance.ts';
import type { InstanceRef } from '../roll/instance-ref.ts';
import type { PublishedRoll } from '../roll/published-roll.ts';
import type { Roll } from '../roll/roll.ts';
import type { EnvironmentStatus } from '../roll/status.ts';

/** An instance as the store has it; undefined: it is not in the store. */
export type DurableInstance = readonly [ref: InstanceRef, instance: Instance | undefined];

/**
 * The roll as far as the store has it, which is what readers see. It shares the instances with the roll, so each costs
 * one reference.
 */
export class DurableRoll implements PublishedRoll {
  readonly #roll: Roll;
  readonly #environments = new Map<string, Map<string, Map<string, Instance>>>();
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

  /** These instances are durable now, and so is everything up to `revision`. */
  publish(instances: readonly DurableInstance[], revision: number): void {
    for (const [ref, instance] of instances) {
      if (instance === undefined) this.#delete(ref);
      else this.#set(ref, instance);
    }
    this.#revision = revision;
  }

  settle(): void {
    this.#roll.settle();
  }

  instances(env: string, service?: string): readonly Instance[] {
    this.settle();
    const services = this.#environments.get(env);
    if (services === undefined) return [];
    if (service !== undefined) return [...(services.get(service)?.values() ?? [])];
    return [...services.values()].flatMap((nodes) => [...nodes.values()]);
  }

  /** The present state, which may be ahead of the store. Callers wait until it is durable. */
  status(env?: string): readonly EnvironmentStatus[] {
    return this.#roll.status(env);
  }

  #set({ env, service, id }: InstanceRef, instance: Instance): void {
    const services = this.#environments.get(env) ?? new Map<string, Map<string, Instance>>();
    this.#environments.set(env, services);
    const nodes = services.get(service) ?? new Map<string, Instance>();
    services.set(service, nodes);
    nodes.set(id, instance);
  }

  #delete({ env, service, id }: InstanceRef): void {
    const services = this.#environments.get(env);
    const nodes = services?.get(service);
    if (nodes?.delete(id) !== true || nodes.size > 0) return;
    services?.delete(service);
    if (services?.size === 0) this.#environments.delete(env);
  }
}

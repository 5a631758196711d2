import { RegistryError } from '@rollcall/core';
import { costOf, environmentCost } from './cost.ts';
import { Environment, type EnvironmentSummary } from './environment.ts';
import type { Listing } from './holders.ts';
import type { InstanceRef } from './instance-ref.ts';

type Sized = InstanceRef & { readonly bytes: number };

/** Options of {@link Environments}. */
export interface EnvironmentsOptions {
  /** Whether self-protection is on. */
  readonly protection: boolean;
  /** Bytes of memory that all environments may take. */
  readonly maxBytes: number;
  /** Whether a journal writes down what self-protection remembers. */
  readonly isKept: boolean;
}

/** The roll's counts since the start. */
export interface RollCounts {
  registrations: number;
  renewals: number;
}

/** The numbers of the roll. */
export interface RollSummary extends Readonly<RollCounts> {
  readonly environments: readonly EnvironmentSummary[];
  /** Bytes that the roll takes in memory, roughly. */
  readonly bytes: number;
  readonly maxBytes: number;
}

/** The environments that list something, and the memory that they take together. */
export class Environments {
  readonly #protection: boolean;
  readonly #maxBytes: number;
  readonly #environments = new Map<string, Environment>();
  /** The environments whose self-protection is on. */
  readonly #protecting = new Set<Environment>();
  /** Bytes that all environments take, roughly. */
  #cost = 0;
  readonly #isKept: boolean;
  /** What self-protection remembered of environments that are empty now. */
  #forgotten: InstanceRef[] = [];

  constructor({ protection, maxBytes, isKept }: EnvironmentsOptions) {
    this.#protection = protection;
    this.#isKept = isKept;
    this.#maxBytes = maxBytes;
  }

  /** The named environment if it lists something; without a name, all that do, sorted by name. */
  named(name: string | undefined): readonly Environment[] {
    const names = name === undefined ? [...this.#environments.keys()].sort() : [name];
    return names.flatMap((each) => this.#environments.get(each) ?? []);
  }

  find(name: string): Environment | undefined {
    return this.#environments.get(name);
  }

  listing(ref: InstanceRef | undefined): Listing | undefined {
    return ref && this.find(ref.env)?.get(ref.service, ref.id);
  }

  /** Creates the environment if there is none. */
  of(name: string): Environment {
    const known = this.#environments.get(name);
    if (known !== undefined) return known;
    const environment = new Environment(name, this.#protection, this.#isKept);
    this.#environments.set(name, environment);
    return environment;
  }

  /** Tells the environment of an instance that the instance expired. Returns the environment. */
  expired({ env, service, id }: InstanceRef, now: number): Environment {
    const environment = this.of(env);
    environment.protection.expired(service, id, now);
    return environment;
  }

  /** The numbers of all environments. They cost the same, however many instances are listed. */
  summary(now: number, counts: Readonly<RollCounts>): RollSummary {
    const environments = Array.from(this.#environments.values(), (environment) => environment.summary(now));
    return { ...counts, environments, bytes: this.#cost, maxBytes: this.#maxBytes };
  }

  /** Call it after each change of the environment. An empty environment is forgotten. */
  update(environment: Environment): void {
    const cost = environment.isEmpty ? 0 : environment.cost;
    this.#cost += cost - environment.countedCost;
    environment.countedCost = cost;
    if (!environment.isEmpty && environment.protection.isOn) this.#protecting.add(environment);
    else this.#protecting.delete(environment);
    if (!environment.isEmpty) return;
    this.#environments.delete(environment.name);
    if (this.#isKept) this.#forgotten.push(...environment.takeAllTouched());
  }

  /** The lease-clock time since which the self-protection of each environment is on. */
  get protectingSince(): readonly (readonly [env: string, since: number])[] {
    return [...this.#protecting].flatMap(({ name, protection: { onSince } }) =>
      onSince === undefined ? [] : [[name, onSince] as const],
    );
  }

  /** The instances whose remembered state in self-protection changed since the last call. */
  takeTouched(): readonly InstanceRef[] {
    const forgotten = this.#forgotten;
    this.#forgotten = [];
    return [...this.#environments.values()].flatMap((environment) => environment.takeTouched()).concat(forgotten);
  }

  /**
   * Refuses what would not fit. A listed instance may always be registered again as it is.
   *
   * @throws RegistryError `RESOURCE_EXHAUSTED`: the roll is full.
   */
  checkRoom(admissions: readonly Sized[]): void {
    const more = admissions.reduce((sum, admission) => sum + this.#growth(admission), 0);
    if (more === 0 || this.#cost + more <= this.#maxBytes) return;
    const message = `the roll is full: it takes about ${this.#cost} bytes of at most ${this.#maxBytes}; give the server a larger heap (NODE_OPTIONS=--max-old-space-size=...)`;
    throw new RegistryError('RESOURCE_EXHAUSTED', message, { registry: 'server' });
  }

  #growth(admission: Sized): number {
    const environment = this.#environments.get(admission.env);
    if (environment === undefined) return environmentCost + costOf(admission);
    const listing = environment.get(admission.service, admission.id);
    return Math.max(0, costOf(admission) - (listing === undefined ? 0 : costOf(listing.instance)));
  }
}

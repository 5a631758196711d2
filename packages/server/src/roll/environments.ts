import { RegistryError } from '@rollcall/core';
import { costOf, Environment, type EnvironmentSummary, environmentCost } from './environment.ts';
import type { Listing } from './holders.ts';
import type { InstanceRef } from './instance-ref.ts';

/** Options of {@link Environments}. */
export interface EnvironmentsOptions {
  /** Self-protection. */
  readonly protection: boolean;
  /** What all may take in memory. Bytes. */
  readonly maxBytes: number;
  /** What self-protection remembers is written down. */
  readonly isKept: boolean;
}

/** What the roll did since the start. */
export interface RollCounts {
  registrations: number;
  renewals: number;
}

/** The numbers of the roll. */
export interface RollSummary extends Readonly<RollCounts> {
  readonly environments: readonly EnvironmentSummary[];
  /** What it takes in memory, roughly. Bytes. */
  readonly bytes: number;
  readonly maxBytes: number;
}

/** Which instance is to be stored, and its size. Bytes. */
interface Sized extends InstanceRef {
  readonly bytes: number;
}

/** The environments that list something, and what they take together. */
export class Environments {
  readonly #protection: boolean;
  readonly #maxBytes: number;
  readonly #environments = new Map<string, Environment>();
  /** Those whose self-protection is on. */
  readonly #protecting = new Set<Environment>();
  /** Roughly. Bytes. */
  #cost = 0;
  readonly #isKept: boolean;
  /** What self-protection remembered of environments that are empty now. */
  #forgotten: InstanceRef[] = [];

  constructor({ protection, maxBytes, isKept }: EnvironmentsOptions) {
    this.#protection = protection;
    this.#isKept = isKept;
    this.#maxBytes = maxBytes;
  }

  /** That one, if it lists something, or all that do, sorted by name. */
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

  /** The lease of an instance has run out. Answers its environment. */
  expired({ env, service, id }: InstanceRef, now: number): Environment {
    const environment = this.of(env);
    environment.protection.expired(service, id, now);
    return environment;
  }

  /** Costs the same however much they list. */
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

  /** Since when the self-protection of each is on, by the lease clock. */
  get protectingSince(): readonly (readonly [env: string, since: number])[] {
    return [...this.#protecting].flatMap(({ name, protection: { onSince } }) =>
      onSince === undefined ? [] : [[name, onSince] as const],
    );
  }

  /** The instances of which self-protection remembers something else since the last call. */
  takeTouched(): readonly InstanceRef[] {
    const forgotten = this.#forgotten;
    this.#forgotten = [];
    return [...this.#environments.values()].flatMap((environment) => environment.takeTouched()).concat(forgotten);
  }

  /**
   * What is listed already may always be registered again as it is.
   *
   * @throws RegistryError `RESOURCE_EXHAUSTED`: the roll is full.
   */
  checkRoom(admissions: readonly Sized[]): void {
    const more = admissions.reduce((sum, admission) => sum + this.#growth(admission), 0);
    if (more === 0 || this.#cost + more <= this.#maxBytes) return;
    const message = `the roll is full: it takes about ${this.#cost} bytes of at most ${this.#maxBytes}; give the server a larger heap`;
    throw new RegistryError('RESOURCE_EXHAUSTED', message, { registry: 'server' });
  }

  #growth(admission: Sized): number {
    const environment = this.#environments.get(admission.env);
    if (environment === undefined) return environmentCost + costOf(admission);
    const listing = environment.get(admission.service, admission.id);
    return Math.max(0, costOf(admission) - (listing === undefined ? 0 : costOf(listing.instance)));
  }
}

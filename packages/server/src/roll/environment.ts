import { type Member, Protection, type ProtectionView, recentMs } from '../protection/index.ts';
import { costOf, departureCost, environmentCost } from './cost.ts';
import type { Listing } from './holders.ts';
import type { Instance } from './instance.ts';
import type { InstanceRef } from './instance-ref.ts';
import { type EnvironmentStatus, statusOf } from './status.ts';
import { WindowCounter } from './window-counter.ts';

/** The numbers of one environment. */
export interface EnvironmentSummary extends ProtectionView {
  readonly env: string;
  readonly services: number;
  readonly instances: number;
  readonly late: number;
}

/** One env: its instances by service, and its self-protection. */
export class Environment {
  readonly name: string;
  readonly protection: Protection;
  readonly renewals: WindowCounter = new WindowCounter(60_000);
  readonly #evictions: WindowCounter = new WindowCounter(recentMs);
  #instances = 0;
  #late = 0;
  #instancesCost = 0;
  /** The part of `cost` that the roll has counted already. */
  countedCost = 0;
  /** Whether self-protection was on when followers were last told. */
  #toldProtected = false;

  /** `isKept`: a journal writes down what self-protection remembers. */
  constructor(name: string, protection: boolean, isKept: boolean) {
    this.name = name;
    this.protection = new Protection({ enabled: protection, isKept });
  }

  /** Whether nothing is listed. Then what self-protection remembers decides nothing any more. */
  get isEmpty(): boolean {
    return this.#instances === 0;
  }

  /** Bytes that the environment takes in memory, roughly. */
  get cost(): number {
    return environmentCost + this.#instancesCost + this.protection.remembered * departureCost;
  }

  /** Whether self-protection went on or off since followers were last told. */
  get hasFlipped(): boolean {
    return this.#isProtected !== this.#toldProtected;
  }

  /** The present state of self-protection, marked as told to followers. */
  takeFlip(now: number): ProtectionView {
    this.#toldProtected = this.#isProtected;
    return { ...this.protection.view(now), on: this.#toldProtected };
  }

  /** The instances whose remembered state in self-protection changed since the last call. */
  takeTouched(): InstanceRef[] {
    return this.protection.takeTouched().map(({ service, id }) => ({ env: this.name, service, id }));
  }

  /** The remembered state of an environment that is forgotten, as {@link Environment.takeTouched} returns it. */
  takeAllTouched(): InstanceRef[] {
    const departed = this.protection.departed.map(({ service, id }) => ({ env: this.name, service, id }));
    return [...this.takeTouched(), ...departed];
  }

  get(service: string, id: string): Listing | undefined {
    return listingOf(this.protection.member(service, id));
  }

  /** Lists an instance, or replaces it. */
  set(listing: Listing, before: Instance | undefined): void {
    const { instance, member } = listing;
    if (before === undefined) this.#instances += 1;
    this.#late += Number(instance.late) - Number(before?.late ?? false);
    this.#instancesCost += costOf(instance) - (before === undefined ? 0 : costOf(before));
    member.tenant = listing;
  }

  delete({ instance, member }: Listing): void {
    this.#instances -= 1;
    this.#late -= Number(instance.late);
    this.#instancesCost -= costOf(instance);
    // Lets go of the listing, since self-protection may remember the member for an hour.
    member.tenant = undefined;
  }

  /**
   * Counts the eviction of an instance that is still listed. Returns its number within the last five minutes, and the
   * number of these evictions plus the remaining instances.
   */
  countEviction(now: number): { readonly evicted: number; readonly of: number } {
    this.#evictions.add(now);
    const evicted = this.#evictions.count(now);
    return { evicted, of: this.#instances - 1 + evicted };
  }

  list(service?: string): Listing[] {
    return Array.from(this.protection.listed.members(service), listingOf).filter((listing) => listing !== undefined);
  }

  /** Whether self-protection is on. An empty environment is about to be forgotten, and protects nothing any more. */
  get #isProtected(): boolean {
    return !this.isEmpty && this.protection.isOn;
  }

  /** The numbers of the environment. They cost the same, however many instances are listed. */
  summary(now: number): EnvironmentSummary {
    const counts = { services: this.protection.listed.services, instances: this.#instances, late: this.#late };
    return { env: this.name, ...counts, ...this.protection.view(now) };
  }

  status(now: number, wallNow: number): EnvironmentStatus {
    const instances = this.list().map(({ instance }) => instance);
    const { protection, renewals } = this;
    return statusOf({ env: this.name, protection, renewals, instances }, now, wallNow);
  }
}

/** The roll's record of a member; undefined: it is no longer on the roll. */
export const listingOf = (member: Member | undefined): Listing | undefined => member?.tenant as Listing | undefined;

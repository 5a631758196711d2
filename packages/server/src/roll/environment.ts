import { Protection, type ProtectionView } from '../protection/index.ts';
import { explain } from './explain.ts';
import type { Listing } from './holders.ts';
import { MinuteCounter } from './minute-counter.ts';

/** Self-protection of one environment, and what it was reckoned from. */
export interface EnvironmentStatus extends ProtectionView {
  readonly env: string;
  readonly instances: number;
  readonly late: number;
  /** One sentence for an operator. */
  readonly explanation: string;
  readonly renewsLastMinute: number;
  readonly renewsExpected: number;
}

/** One env: its instances by service, and its self-protection. */
export class Environment {
  readonly name: string;
  readonly protection: Protection;
  readonly renewals: MinuteCounter = new MinuteCounter();
  readonly #services = new Map<string, Map<string, Listing>>();

  constructor(name: string, protection: boolean) {
    this.name = name;
    this.protection = new Protection({ enabled: protection });
  }

  /** Nothing is listed, and self-protection remembers nothing. */
  get isEmpty(): boolean {
    return this.#services.size === 0 && this.protection.isEmpty;
  }

  get(service: string, id: string): Listing | undefined {
    return this.#services.get(service)?.get(id);
  }

  set(listing: Listing): void {
    const { service, id } = listing.instance;
    const nodes = this.#services.get(service) ?? new Map<string, Listing>();
    this.#services.set(service, nodes);
    nodes.set(id, listing);
  }

  delete(service: string, id: string): void {
    const nodes = this.#services.get(service);
    nodes?.delete(id);
    if (nodes?.size === 0) this.#services.delete(service);
  }

  list(service?: string): Listing[] {
    if (service !== undefined) return [...(this.#services.get(service)?.values() ?? [])];
    return [...this.#services.values()].flatMap((nodes) => [...nodes.values()]);
  }

  status(now: number): EnvironmentStatus {
    const view = this.protection.view(now);
    const all = this.list().map(({ instance }) => instance);
    // As in the seed: two renewals a minute at its 30 s; here by each instance's own interval.
    const perMinute = all.filter(({ ttlMs }) => ttlMs > 0).map(({ renewIntervalMs }) => 60_000 / renewIntervalMs);
    return {
      env: this.name,
      instances: all.length,
      late: all.filter(({ late }) => late).length,
      ...view,
      explanation: explain(all.length, view),
      renewsLastMinute: this.renewals.lastMinute(now),
      renewsExpected: Math.round(perMinute.reduce((sum, count) => sum + count, 0)),
    };
  }
}

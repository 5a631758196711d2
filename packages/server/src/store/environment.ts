import type { ProtectionStatus } from '@rollcall/protocol';
import { Protection } from '../protection/index.ts';
import { explain } from './explain.ts';
import { MinuteCounter } from './minute-counter.ts';
import type { Held } from './store.ts';

/** One env: its instances by service, and its self-protection. */
export class Environment {
  readonly protection: Protection;
  readonly renewals: MinuteCounter = new MinuteCounter();
  readonly #apps = new Map<string, Map<string, Held>>();

  constructor(protection: boolean) {
    this.protection = new Protection({ enabled: protection });
  }

  get(appid: string, hostname: string): Held | undefined {
    return this.#apps.get(appid)?.get(hostname);
  }

  set(held: Held): void {
    const { appid, hostname } = held.instance;
    const app = this.#apps.get(appid) ?? new Map<string, Held>();
    this.#apps.set(appid, app);
    app.set(hostname, held);
  }

  delete(appid: string, hostname: string): void {
    const app = this.#apps.get(appid);
    app?.delete(hostname);
    if (app?.size === 0) this.#apps.delete(appid);
  }

  list(appid?: string): Held[] {
    if (appid !== undefined) return [...(this.#apps.get(appid)?.values() ?? [])];
    return [...this.#apps.values()].flatMap((app) => [...app.values()]);
  }

  status(env: string, now: number): ProtectionStatus {
    const view = this.protection.view(now);
    const all = this.list();
    const late = all.filter(({ instance }) => instance.late).length;
    // As in the seed: two renewals a minute at its 30 s; here by each instance's own interval.
    const leased = all.filter(({ instance }) => instance.ttlMs > 0);
    const renewsExpected = Math.round(leased.reduce((sum, { instance }) => sum + 60_000 / instance.renewIntervalMs, 0));
    const renewsLastMinute = this.renewals.lastMinute(now);
    return {
      env,
      instances: all.length,
      late,
      ...view,
      explanation: explain(all.length, view),
      renewsLastMinute,
      renewsExpected,
    };
  }
}

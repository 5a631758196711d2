import { LeaseTable } from '@rollcall/core/adapter';
import { Application, type Cancel } from './application.ts';
import { recentMs } from './constants.ts';
import type { Member } from './member.ts';

/** The applications of one environment, and the clean cancels of each that wait for a newcomer. */
export class Applications {
  readonly #apps = new Map<string, Application>();
  readonly #cancels = new LeaseTable<Cancel>();
  #cancelCount = 0;

  get nextDeadline(): number {
    return this.#cancels.nextDeadline() ?? Number.POSITIVE_INFINITY;
  }

  listed(service: string): number {
    return this.#apps.get(service)?.listed ?? 0;
  }

  of({ service }: { readonly service: string }): Application {
    const known = this.#apps.get(service);
    if (known !== undefined) return known;
    const app = new Application();
    this.#apps.set(service, app);
    return app;
  }

  /** A newcomer registered; answers the departed instance that it stands in for. */
  arrived(member: Member): Member | undefined {
    const { cancel, replaced } = this.of(member).arrived(member);
    if (cancel !== undefined) this.#cancels.delete(cancel.key);
    return replaced;
  }

  cancelled(member: Member, now: number): void {
    this.#cancelCount += 1;
    const cancel = { key: `${this.#cancelCount}`, service: member.service };
    if (this.of(member).cancelled(member, cancel, now)) this.#cancels.set(cancel.key, cancel, recentMs, now);
  }

  /** Ends the wait of cancels whose 300 s are over. */
  expire(now: number): void {
    for (const cancel of this.#cancels.expire(now)) {
      this.of(cancel).forgetCancel(cancel);
      this.forgetIfEmpty(cancel);
    }
  }

  forgetIfEmpty({ service }: { readonly service: string }): void {
    if (this.#apps.get(service)?.isEmpty) this.#apps.delete(service);
  }
}

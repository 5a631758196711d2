import { LeaseTable } from '@rollcall/core/adapter';
import { Application, type Cancel } from './application.ts';
import { recentMs } from './constants.ts';
import { type Member, memberKey, type Ref } from './member.ts';

/** The applications of one environment, and the clean cancels of each that wait for a newcomer. */
export class Applications {
  readonly #apps = new Map<string, Application>();
  readonly #cancels = new LeaseTable<Cancel>();
  /** The last cancel of an instance, while it waits. */
  readonly #cancelOf = new Map<string, Cancel>();
  readonly #touch: (ref: Ref) => void;
  #cancelCount = 0;

  /** `touch` is called for each instance whose remembered state changes. */
  constructor(touch: (ref: Ref) => void) {
    this.#touch = touch;
  }

  get nextDeadline(): number {
    return this.#cancels.nextDeadline() ?? Number.POSITIVE_INFINITY;
  }

  listed(service: string): number {
    return this.#apps.get(service)?.listed ?? 0;
  }

  of({ service }: { readonly service: string }): Application {
    const known = this.#apps.get(service);
    if (known !== undefined) return known;
    const app = new Application(this.#touch);
    this.#apps.set(service, app);
    return app;
  }

  /** A newcomer registered; answers the departed instance that it stands in for. */
  arrived(member: Member): Member | undefined {
    const { cancel, replaced } = this.of(member).arrived(member);
    if (cancel !== undefined) this.#useUp(cancel, member);
    return replaced;
  }

  /** The cancels that wait for a newcomer. */
  get cancelled(): Iterable<Ref> {
    return this.#cancelOf.values();
  }

  cancel(member: Member, now: number): void {
    this.#cancelCount += 1;
    const { service, id } = member;
    const cancel = { key: `${this.#cancelCount}`, service, id, at: now };
    if (this.of(member).cancelled(member, cancel, now)) this.#await(cancel);
    this.#touch(member);
  }

  /** Since when the cancel of an instance waits for a newcomer. */
  cancelledAt(ref: Ref): number | undefined {
    return this.#cancelOf.get(memberKey(ref))?.at;
  }

  /** Restores the state at the stop of the server, in the order of the times. */
  restoreCancel(ref: Ref, at: number): void {
    this.#cancelCount += 1;
    const cancel = { key: `${this.#cancelCount}`, service: ref.service, id: ref.id, at };
    this.of(cancel).restoreCancel(cancel);
    this.#await(cancel);
  }

  /** Ends the wait of cancels whose 300 s are over. */
  expire(now: number): void {
    for (const cancel of this.#cancels.expire(now)) {
      this.#forget(cancel);
      this.of(cancel).forgetCancel(cancel);
      this.forgetIfEmpty(cancel);
    }
  }

  forgetIfEmpty({ service }: { readonly service: string }): void {
    if (this.#apps.get(service)?.isEmpty) this.#apps.delete(service);
  }

  /**
   * Cancels differ in nothing but their time. An instance keeps one at most, since one record an instance is written down:
   * where a newcomer uses up the cancel of another instance, that instance keeps the newcomer's own.
   */
  #useUp(used: Cancel, newcomer: Member): void {
    this.#forget(used);
    const own = this.#cancelOf.get(newcomer.key);
    if (own === undefined) return;
    this.#cancelOf.delete(newcomer.key);
    own.id = used.id;
    this.#cancelOf.set(memberKey(own), own);
  }

  #await(cancel: Cancel): void {
    this.#cancels.set(cancel.key, cancel, recentMs, cancel.at);
    this.#cancelOf.set(memberKey(cancel), cancel);
  }

  #forget(cancel: Cancel): void {
    this.#cancels.delete(cancel.key);
    if (this.#cancelOf.get(memberKey(cancel)) === cancel) this.#cancelOf.delete(memberKey(cancel));
    this.#touch(cancel);
  }
}

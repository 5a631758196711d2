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
  #listed = 0;
  #services = 0;

  /** `touch` is called for each instance whose remembered state changes. */
  constructor(touch: (ref: Ref) => void) {
    this.#touch = touch;
  }

  get nextDeadline(): number {
    return this.#cancels.nextDeadline() ?? Number.POSITIVE_INFINITY;
  }

  /** The number of listed instances. */
  get size(): number {
    return this.#listed;
  }

  /** The number of applications that list an instance. */
  get services(): number {
    return this.#services;
  }

  listed(service: string): number {
    return this.#apps.get(service)?.members.size ?? 0;
  }

  /** A listed instance. */
  member(service: string, id: string): Member | undefined {
    return this.#apps.get(service)?.members.get(id);
  }

  /** The listed instances of one application, or of all. */
  *members(service?: string): Generator<Member, undefined> {
    if (service !== undefined) yield* this.#apps.get(service)?.members.values() ?? [];
    else for (const { members } of this.#apps.values()) yield* members.values();
  }

  /** Counts the instance as listed. */
  enlist(member: Member): void {
    const { members } = this.of(member);
    members.set(member.id, member);
    this.#listed += 1;
    if (members.size === 1) this.#services += 1;
  }

  /** Counts the instance as listed no longer. */
  unlist(member: Member): void {
    const { members } = this.of(member);
    members.delete(member.id);
    this.#listed -= 1;
    if (members.size === 0) this.#services -= 1;
  }

  of({ service }: { readonly service: string }): Application {
    const known = this.#apps.get(service);
    if (known !== undefined) return known;
    const app = new Application(service, this.#touch);
    this.#apps.set(service, app);
    return app;
  }

  /** A newcomer registered; returns the departed instance that it stands in for. */
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
    const cancel = newCancel(`${this.#cancelCount}`, { service, id }, now);
    if (this.of(member).cancelled(member, cancel, now)) this.#await(cancel);
    this.#touch(member);
  }

  /** The time of an instance's cancel that waits for a newcomer; undefined: no cancel waits. */
  cancelledAt(ref: Ref): number | undefined {
    return this.#cancelOf.get(memberKey(ref))?.at;
  }

  /** Restores a cancel that waited when the server stopped. Call this in the order of the times. */
  restoreCancel(ref: Ref, at: number): void {
    this.#cancelCount += 1;
    const cancel = newCancel(`${this.#cancelCount}`, ref, at);
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
   * Forgets a cancel that a newcomer has used up. If the newcomer's own id has a waiting cancel, that cancel goes to
   * the instance of the used cancel: cancels differ only in their time, and each instance is written down with one
   * cancel at most.
   */
  #useUp(used: Cancel, newcomer: Member): void {
    this.#forget(used);
    const own = this.#cancelOf.get(memberKey(newcomer));
    if (own === undefined) return;
    this.#cancelOf.delete(memberKey(newcomer));
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
    // The instance's id may change while the reference waits to be written.
    this.#touch({ service: cancel.service, id: cancel.id });
  }
}

const newCancel = (key: string, { service, id }: Ref, at: number): Cancel => ({
  ...{ key, service, id, at },
  ...{ queue: undefined, queuedBefore: undefined, queuedAfter: undefined },
});

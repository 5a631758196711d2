import { refusal } from '../http/refusal.ts';
import type { Change, RollFollower } from '../roll/followers.ts';
import { type InstanceRef, keyOf } from '../roll/instance-ref.ts';
import { anonymous, type Caller } from './caller.ts';

/**
 * How many instances each token has on the roll, counted by the token that registered an instance last. The limit keeps
 * one faulty program from filling the roll for all. After a restart an instance counts from its next registration on.
 */
export class InstanceQuota implements RollFollower {
  readonly #limit: number;
  readonly #owners = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Throws a refusal with 429 if `caller` would have more instances than its limit. */
  check({ name, maxInstances = this.#limit }: Caller, refs: readonly InstanceRef[]): void {
    if (maxInstances === Number.POSITIVE_INFINITY) return;
    const has = this.#counts.get(name) ?? 0;
    const more = new Set(refs.map(keyOf).filter((key) => this.#owners.get(key) !== name)).size;
    if (more === 0 || has + more <= maxInstances) return;
    throw refusal(
      429,
      `the token ${name} has ${has} instances on the roll and may have ${maxInstances}: raise maxInstances of the token, or --max-instances-per-token`,
    );
  }

  /** Counts instances that `caller` has registered. */
  registered(caller: Caller, refs: readonly InstanceRef[]): void {
    // A caller without a limit is not counted, because an entry for each of its instances would take as much memory as
    // a lease.
    const isCounted = caller !== anonymous;
    if (!isCounted && this.#owners.size === 0) return;
    for (const ref of refs) {
      this.#drop(keyOf(ref));
      if (isCounted) this.#count(keyOf(ref), caller.name);
    }
  }

  changed({ type, instance }: Change): void {
    if (type === 'remove') this.#drop(keyOf(instance));
  }

  /** Counts again from zero, because a count that is too high would refuse a token for ever. */
  failed(): void {
    this.#owners.clear();
    this.#counts.clear();
  }

  #count(key: string, name: string): void {
    this.#owners.set(key, name);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #drop(key: string): void {
    const owner = this.#owners.get(key);
    if (owner === undefined) return;
    this.#owners.delete(key);
    const left = (this.#counts.get(owner) ?? 1) - 1;
    if (left > 0) this.#counts.set(owner, left);
    else this.#counts.delete(owner);
  }
}

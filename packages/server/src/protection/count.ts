import { toleratedPart } from './constants.ts';
import { contribution, type Member } from './member.ts';

/** The two numbers of the rule, as sums of each instance's contribution. */
export class Count {
  #missing = 0;
  #considered = 0;

  /** Instances that are silent, or were evicted lately, and not replaced. */
  get missing(): number {
    return this.#missing;
  }

  /** The number of instances of which a part may be missing: N of the rule. */
  get considered(): number {
    return this.#considered;
  }

  /** How many missing instances are taken for dead. With more, the network is to blame. */
  get threshold(): number {
    return Math.max(1, Math.floor(toleratedPart * this.#considered));
  }

  /** Call it after each change of a member. */
  update(member: Member): void {
    const now = contribution(member);
    this.#missing += now.missing - member.counted.missing;
    this.#considered += now.considered - member.counted.considered;
    member.counted = now;
  }
}

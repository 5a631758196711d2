import type { ProtectionView } from '../protection/index.ts';
import type { PutEvidence, RemovalEvidence } from './evidence.ts';
import type { Instance } from './instance.ts';
import type { InstanceRef } from './instance-ref.ts';

/** One change of the roll, at a revision of its own. Plain data. */
export type Change = Put | Removal;

interface Put extends Moment {
  readonly type: 'put';
  readonly instance: Instance;
  readonly evidence: PutEvidence;
}

interface Removal extends Moment {
  readonly type: 'remove';
  readonly instance: InstanceRef;
  /** The reason that watchers are told. */
  readonly reason: 'deregistered' | 'expired';
  readonly evidence: RemovalEvidence;
}

/** When a change happened. */
export interface Moment {
  readonly revision: number;
  /** By the wall clock, in milliseconds. It may go back when that clock is set back. */
  readonly at: number;
}

/** A part of the server that is told every change, after it has happened, in order: the change log, watches. */
export interface RollFollower {
  /** `before`: the instance as it was listed until now; undefined: it was not listed. */
  changed(change: Change, before: Instance | undefined): void;
  /** Called when the lease of an instance gets other terms, which is no change for watchers. */
  termsChanged?(instance: Instance, before: Instance): void;
  /** Called when the self-protection of an environment went on or off. */
  protectionChanged?(env: string, view: ProtectionView): void;
  /** Called when one of the follower's own methods threw: the follower may have missed that change. */
  failed(cause: unknown): void;
}

/** Tells changes to followers. An exception of a follower stays with it: neither the roll nor the other followers see it. */
export class Followers {
  readonly #followers = new Set<RollFollower>();

  /** Followers are called in the order in which they began. Returns a function that stops the following. */
  add(follower: RollFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  changed(change: Change, before: Instance | undefined): void {
    this.#tell((follower) => follower.changed(change, before));
  }

  termsChanged(instance: Instance, before: Instance): void {
    this.#tell((follower) => follower.termsChanged?.(instance, before));
  }

  protectionChanged(env: string, view: ProtectionView): void {
    this.#tell((follower) => follower.protectionChanged?.(env, view));
  }

  #tell(what: (follower: RollFollower) => void): void {
    for (const follower of this.#followers) {
      try {
        what(follower);
      } catch (cause) {
        report(follower, cause);
      }
    }
  }
}

function report(follower: RollFollower, cause: unknown): void {
  try {
    follower.failed(cause);
  } catch {
    // The follower cannot handle its own failure, and the roll cannot help it.
  }
}

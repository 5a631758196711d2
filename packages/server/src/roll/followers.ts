import type { ProtectionView } from '../protection/index.ts';
import type { Instance } from './instance.ts';
import type { InstanceRef } from './instance-ref.ts';

/** One change of the roll, at a revision of its own. */
export type Change =
  | { readonly revision: number; readonly type: 'put'; readonly instance: Instance }
  | {
      readonly revision: number;
      readonly type: 'remove';
      readonly instance: InstanceRef;
      readonly reason: 'deregistered' | 'expired';
    };

/** A change before it has a revision. */
export type NewChange = DistributiveOmit<Change, 'revision'>;

type DistributiveOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never;

/** A part of the server that is told every change, after it has happened, in order: the change log, watches. */
export interface RollFollower {
  changed(change: Change): void;
  /** An instance has other terms of its lease, which is no change that watchers see. */
  termsChanged?(instance: Instance): void;
  /** Self-protection of an environment went on or off. */
  protectionChanged?(env: string, view: ProtectionView): void;
  /** One of its own methods threw: what it keeps may lack that change. */
  failed(cause: unknown): void;
}

/** Tells changes. What a follower throws stays with that follower: neither the roll nor the other followers see it. */
export class Followers {
  readonly #followers = new Set<RollFollower>();

  /** Followers are called in the order in which they began. Returns a function that ends the following. */
  add(follower: RollFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  changed(change: Change): void {
    this.#tell((follower) => follower.changed(change));
  }

  termsChanged(instance: Instance): void {
    this.#tell((follower) => follower.termsChanged?.(instance));
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
    // It cannot even cope with its own failure, and the roll cannot help it.
  }
}

import type { InstanceRef } from '../roll/instance-ref.ts';

/** Tells when the client of a change may get its answer: when the change is in the store. */
export interface Durability {
  /** Whether registered instances outlive the process. */
  readonly isDurable: boolean;
  /**
   * Resolves when the present roll is in the store; undefined: it is there already.
   *
   * @throws RegistryError rejects with `UNAVAILABLE` when the store cannot be written now. The change may still be
   * written later.
   */
  written(): Promise<void> | undefined;
  /** Whether a change of the instance is not in the store yet. */
  isPending(ref: InstanceRef): boolean;
}

/** The durability of a server without a data folder: answers do not wait, and a crash loses the roll. */
export const notDurable: Durability = { isDurable: false, written: () => undefined, isPending: () => false };

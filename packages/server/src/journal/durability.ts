import type { InstanceRef } from '../roll/instance-ref.ts';

/** When what the roll says may be told. */
export interface Durability {
  /** Whether what is registered outlives the process. */
  readonly isDurable: boolean;
  /**
   * Resolves when the roll as it is now is in the store; undefined: it is.
   *
   * @throws RegistryError rejects with `UNAVAILABLE` when it cannot be written now: it may be in the store later.
   */
  written(): Promise<void> | undefined;
  /** Whether what the roll says of an instance is not in the store yet. */
  isPending(ref: InstanceRef): boolean;
}

/** Of a server without a data folder: what is told may be lost. */
export const notDurable: Durability = { isDurable: false, written: () => undefined, isPending: () => false };

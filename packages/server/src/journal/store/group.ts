/** The name of the store in its folder. */
export const storeName = 'roll.db';

/**
 * Content that is written to the store in one transaction, and read back. It is plain text, so that it crosses threads
 * cheaply.
 */
export interface Group {
  /** Key and text; `null` removes the entry. */
  readonly entries: readonly (readonly [key: string, text: string | null])[];
  /** Changes of the roll, by revision. */
  readonly changes: readonly (readonly [revision: number, text: string])[];
  /** Changes up to this revision are removed. */
  readonly forgetUpTo: number;
  /** The other state that a restart needs, as JSON. */
  readonly state: string;
}

/** The content of a store besides its entries and changes, which come in parts. */
export interface Opened {
  /** Undefined: the store is new. */
  readonly state: string | undefined;
  /** Whether the folder is a copy of the folder that was written last, or a backup of it. */
  readonly isCopy: boolean;
  /** Whether the last stop was a crash or a power cut. */
  readonly wasCut: boolean;
  readonly entries: number;
}

/** A part of what a store holds. */
export interface Part {
  readonly entries: readonly (readonly [key: string, text: string])[];
  readonly changes: readonly (readonly [revision: number, text: string])[];
}

/** Why a store does not open, or why a group is not written. It crosses threads. */
export interface StoreFailure {
  readonly kind: 'locked' | 'corrupt' | 'newer' | 'foreign' | 'unwritable';
  readonly message: string;
}

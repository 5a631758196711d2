/** The name of the store in its folder. */
export const storeName = 'roll.db';

/** What is written to the store at once, and what is read back: plain text, so that it crosses threads cheaply. */
export interface Group {
  /** Key and text; `null`: the entry goes. */
  readonly entries: readonly (readonly [key: string, text: string | null])[];
  /** Changes of the roll, by revision. */
  readonly changes: readonly (readonly [revision: number, text: string])[];
  /** Changes up to this revision are forgotten. */
  readonly forgetUpTo: number;
  /** What else a restart needs, as JSON. */
  readonly state: string;
}

/** What a store holds, besides its entries and changes, which come in parts. */
export interface Opened {
  /** Undefined: the store is new. */
  readonly state: string | undefined;
  /** It is not the folder that was written last, but a copy of it or a backup. */
  readonly isCopy: boolean;
  /** The last stop was a crash or a power cut. */
  readonly wasCut: boolean;
  readonly entries: number;
}

/** A part of what a store holds. */
export interface Part {
  readonly entries: readonly (readonly [key: string, text: string])[];
  readonly changes: readonly (readonly [revision: number, text: string])[];
}

/** Why a store does not open, or a group is not written. Crosses threads. */
export interface StoreFailure {
  readonly kind: 'locked' | 'corrupt' | 'newer' | 'foreign' | 'unwritable';
  readonly message: string;
}

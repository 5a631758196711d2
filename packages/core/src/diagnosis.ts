import type { RegistryOptions } from './contract.ts';

/** What an adapter found out about the place that it runs in: for people, so all of it is text. */
export interface Diagnosis {
  /** What was seen, in groups with a title each. */
  readonly facts: readonly { readonly title: string; readonly lines: readonly string[] }[];
  /** What is wrong, the worst first; empty: nothing is. */
  readonly findings: readonly Finding[];
}

/** Something that is wrong, or may be. */
export interface Finding {
  /** `problem`: the registry does not work so. `hint`: it may be as it should. */
  readonly severity: 'problem' | 'hint';
  readonly what: string;
  /** What to do. */
  readonly remedy: string;
}

/** An adapter package may export one, as `diagnose`. It takes the options of the factory, and `forMs`: how long to listen. */
export type Diagnose = (options: RegistryOptions & { readonly forMs?: number | undefined }) => Promise<Diagnosis>;

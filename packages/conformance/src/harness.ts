import type { Registry, RegistryOptions } from '@rollcall/core';

/**
 * What can be done to a backend that is a process (or plays one). Each resolves when it is done: after `start` and
 * `resume` the backend serves again. A harness with faults needs a backend of its own, since an outage hits every test that shares it.
 */
export interface Faults {
  /** Ends the backend; connections break and new ones are refused. What it had acknowledged stays if it is `durable`. */
  stop(): Promise<void>;
  /** Runs it again, at the same address. */
  start(): Promise<void>;
  /** Connections stay, new ones may be accepted, nothing is answered: `SIGSTOP`, a half-open link. */
  freeze(): Promise<void>;
  /** Undoes {@link Faults.freeze}. */
  resume(): Promise<void>;
  /** The backend has lost all state and runs: killed and started with nothing. */
  wipe(): Promise<void>;
}

/** What a registry brings to be tested: about ten lines. */
export interface Harness {
  /**
   * A new registry object on the same backend, with these options passed on. What one object writes another must be
   * able to see. The suite closes what it opens.
   */
  open(options?: RegistryOptions): Registry | Promise<Registry>;
  /** For backends that can be stopped. Absent: the cases that need them are not generated. */
  readonly faults?: Faults | undefined;
  /**
   * Factor on all waiting deadlines, and on the TTL of cases that must renew in time; default 1. For slow machines.
   * Only the few cases that wait for such a TTL become slower by it.
   */
  readonly patience?: number | undefined;
}

/** The functions of a test runner. Those of vitest, node:test and mocha fit. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>, timeoutMs?: number): unknown;
  /**
   * Like `describe`, but the runner may run all cases inside at the same time, also those of a nested `describe`:
   * `describe.concurrent` of vitest. Most of a case is waiting, so that ten at a time take a tenth of the time; more than a
   * machine can carry make its measured times wrong, so bound them (vitest: `maxConcurrency`). Default: `describe`.
   */
  readonly concurrent?: ((name: string, body: () => void) => unknown) | undefined;
  /**
   * Like `describe`, inside of `concurrent`: the cases of one run one after the other: `describe.sequential` of vitest. Needed
   * with `concurrent` and several harnesses. Default: `describe`.
   */
  readonly sequential?: ((name: string, body: () => void) => unknown) | undefined;
}

import type { Registry, RegistryOptions } from '@rollcall/core';

/**
 * Faults of a backend that is a process (or acts like one). Each resolves when it is done: after `start` and `resume`
 * the backend serves again. A harness with faults needs a backend of its own, since an outage affects every test that
 * shares it.
 */
export interface Faults {
  /** Ends the backend: connections break and new ones are refused. Acknowledged writes stay if the backend is `durable`. */
  stop(): Promise<void>;
  /** Starts the backend again, at the same address. */
  start(): Promise<void>;
  /** Connections stay, new ones may be accepted, nothing is answered: `SIGSTOP`, a half-open link. */
  freeze(): Promise<void>;
  /** Undoes {@link Faults.freeze}. */
  resume(): Promise<void>;
  /** The backend loses all state and runs: it is killed and started with nothing. */
  wipe(): Promise<void>;
}

/** What the suite needs to test a registry: about ten lines. */
export interface Harness {
  /**
   * A new registry object on the same backend, with these options. Objects must see each other's writes. The suite
   * closes every object that it opens.
   */
  open(options?: RegistryOptions): Registry | Promise<Registry>;
  /** For backends that can be stopped. Absent: cases that need faults are left out. */
  readonly faults?: Faults | undefined;
  /**
   * Factor on all waiting deadlines, and on the TTL of cases that must renew in time; default 1. Sensible values are 1
   * to 10; higher tolerates slower machines, and makes the few cases that wait for such a TTL slower, lower fails on
   * stalls.
   */
  readonly patience?: number | undefined;
}

/** The functions of a test runner. Those of vitest, node:test and mocha have this form. */
export interface TestRunner {
  /** Groups the cases that `body` declares. */
  describe(name: string, body: () => void): unknown;
  /** Declares one case. */
  it(name: string, body: () => Promise<void>, timeoutMs?: number): unknown;
  /**
   * Like `describe`, but the runner may run all cases inside at the same time, including those of a nested `describe`:
   * `describe.concurrent` of vitest. Ten at a time take a tenth of the time, because a case mostly waits. More than a
   * machine can carry makes measured times wrong, so bound the number (vitest: `maxConcurrency`). Default: `describe`.
   */
  readonly concurrent?: ((name: string, body: () => void) => unknown) | undefined;
  /**
   * Like `describe`, inside of `concurrent`, with cases that run one after the other: `describe.sequential` of vitest.
   * Needed with `concurrent` and several harnesses. Default: `describe`.
   */
  readonly sequential?: ((name: string, body: () => void) => unknown) | undefined;
}

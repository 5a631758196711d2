import type { Clock } from '@rollcall/core';
import { LineFile } from './line-file.ts';

/** What a write changed, or would have changed. */
export interface AuditTarget {
  readonly env: string;
  readonly service?: string | undefined;
  readonly id?: string | undefined;
  readonly addresses?: readonly string[] | undefined;
}

/** A write that a client asked for. */
export interface AuditedWrite {
  /** The name of the caller's token; `anonymous` without a tokens file; null: the request had no known token. */
  readonly who: string | null;
  /** The address of the other end of the connection. */
  readonly from: string;
  /** `register`, `cancel`, ... */
  readonly action: string;
  /** The HTTP status of the answer. */
  readonly status: number;
  /** Empty: the request was refused before the server knew what it is about. */
  readonly targets: readonly AuditTarget[];
}

/** Refusals that are written within {@link refusalWindowMs}. The rest are only counted, so that a flood does not fill the disk. */
const refusalsPerWindow = 100;
const refusalWindowMs = 10_000;

/** Writes a line of JSON for each instance of every write, except renewals. */
export class AuditLog {
  readonly #file: LineFile;
  readonly #clock: Clock;
  #windowBegan = Number.NEGATIVE_INFINITY;
  #refusals = 0;
  #uncounted = 0;

  /** @throws RegistryError `INVALID_ARGUMENT`: the file cannot be opened. */
  constructor(path: string, clock: Clock, onFault: (cause: unknown) => void) {
    this.#clock = clock;
    this.#file = new LineFile(path, (count) => this.#line({ action: 'lost', count }), onFault);
  }

  wrote({ who, from, action, status, targets }: AuditedWrite): void {
    const result = status < 400 ? 'done' : status < 500 ? 'refused' : 'failed';
    const what = { who, from, action, result, status };
    for (const target of targets.length === 0 ? [{}] : targets)
      if (result !== 'refused' || this.#admits()) this.#file.append(this.#line({ ...what, ...target }));
  }

  /** Goes on in a new file, after the old one has been moved away. */
  reopen(): void {
    this.#file.reopen();
  }

  async close(): Promise<void> {
    this.#tellUncounted();
    await this.#file.close();
  }

  #admits(): boolean {
    const now = this.#clock.now();
    if (now - this.#windowBegan >= refusalWindowMs) {
      this.#tellUncounted();
      this.#windowBegan = now;
      this.#refusals = 0;
    }
    this.#refusals += 1;
    if (this.#refusals <= refusalsPerWindow) return true;
    this.#uncounted += 1;
    return false;
  }

  #tellUncounted(): void {
    if (this.#uncounted > 0) this.#file.append(this.#line({ action: 'refusals not written', count: this.#uncounted }));
    this.#uncounted = 0;
  }

  #line(fields: object): string {
    // biome-ignore lint/style/noRestrictedGlobals: it formats a date and reads no clock.
    return JSON.stringify({ time: new Date(this.#clock.wallNow()).toISOString(), ...fields });
  }
}

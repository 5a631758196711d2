import type { Clock } from '@rollcall/core';
import type { RenewLeasesRequest, RenewStatus } from '@rollcall/protocol';
import { maxRenewalBatch, renewalWindowMs } from '../discovery-options.ts';

type Item = RenewLeasesRequest[number];
type Send = (items: RenewLeasesRequest) => Promise<readonly RenewStatus[]>;

interface Waiting {
  readonly item: Item;
  readonly resolve: (status: RenewStatus) => void;
  readonly reject: (cause: unknown) => void;
}

/** Sends renewals within a few milliseconds as one request. */
export class RenewalBatch {
  readonly #send: Send;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #cancel: (() => void) | undefined;

  constructor(send: Send, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  renew(item: Item): Promise<RenewStatus> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length >= maxRenewalBatch) return this.#flush();
      this.#cancel ??= this.#clock.setTimer(renewalWindowMs, () => this.#flush());
    });
  }

  #flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const batch = this.#waiting.splice(0);
    this.#send(batch.map(({ item }) => item)).then(
      // A server that answers for fewer leases than were sent has lost the rest.
      (statuses) => batch.forEach(({ resolve }, index) => void resolve(statuses[index] ?? 404)),
      (cause: unknown) => batch.forEach(({ reject }) => void reject(cause)),
    );
  }
}

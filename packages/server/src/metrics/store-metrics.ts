import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { StoreObserver } from '../journal/store-observer.ts';

/** Seconds. A sync takes a fraction of a millisecond on a fast disk, tens of them on a slow one. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Measurements of the store of a server with a data folder. */
export class StoreMetrics implements StoreObserver {
  readonly #syncs: Histogram;
  readonly #failures: Counter;
  readonly #unwritable: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#syncs = new Histogram({
      name: 'rollcall_store_sync_duration_seconds',
      help: 'Time until a group of changes was on disk; callers wait for it',
      buckets,
      registers,
    });
    this.#failures = new Counter({
      name: 'rollcall_store_failures_total',
      help: 'How often the store became impossible to write',
      registers,
    });
    this.#unwritable = new Gauge({
      name: 'rollcall_store_unwritable',
      help: '1 while the store cannot be written: nothing is registered or evicted',
      registers,
    });
  }

  synced(ms: number): void {
    this.#syncs.observe(ms / 1_000);
  }

  unwritable(): void {
    this.#failures.inc();
    this.#unwritable.set(1);
  }

  writable(): void {
    this.#unwritable.set(0);
  }
}

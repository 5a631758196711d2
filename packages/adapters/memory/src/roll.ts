import type { Clock, DeleteReason } from '@rollcall/core';
import { type Entry, type EntryKey, keyOf, type Lease, LeaseTable, type WatchSink } from '@rollcall/core/adapter';
import { type Holder, type Stored, toEntries, toStored } from './memory-mapping.ts';

type Changes = Pick<WatchSink, 'put' | 'remove'>;

/** The backend: nodes, their leases, and the subscribers to changes. */
export class Roll {
  readonly #clock: Clock;
  readonly #services = new Map<string, Map<string, Stored>>();
  readonly #leases = new LeaseTable<EntryKey>();
  readonly #subscribers = new Set<{ readonly name: string | undefined; readonly changes: Changes }>();
  #users = 0;
  #cancelTimer: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a registry object that begins to use this roll. */
  enter(): void {
    this.#users += 1;
    this.#schedule();
  }

  /** Counts an object that leaves. The last one stops the timer; remaining nodes expire when the roll is read again. */
  exit(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#disarm();
  }

  get abandoned(): boolean {
    return this.#users === 0 && this.#services.size === 0;
  }

  get(key: EntryKey): Stored | undefined {
    this.#expire();
    return this.#services.get(key.name)?.get(key.id);
  }

  put(entry: Entry, holder: Holder, lease: Lease | undefined): void {
    const { name, node } = entry;
    const nodes = this.#services.get(name) ?? new Map<string, Stored>();
    this.#services.set(name, nodes);
    nodes.set(node.id, toStored(entry, holder));
    this.renew({ name, id: node.id }, lease);
    this.#tell(name, (changes) => changes.put(entry));
  }

  renew(key: EntryKey, lease: Lease | undefined): void {
    const id = keyOf(key.name, key.id);
    if (lease === undefined) this.#leases.delete(id);
    else this.#leases.set(id, key, lease.ttlMs, this.#clock.now());
    this.#schedule();
  }

  remove(key: EntryKey, reason: DeleteReason): void {
    const nodes = this.#services.get(key.name);
    if (nodes?.delete(key.id) !== true) return;
    if (nodes.size === 0) this.#services.delete(key.name);
    this.#leases.delete(keyOf(key.name, key.id));
    this.#schedule();
    this.#tell(key.name, (changes) => changes.remove(key, reason));
  }

  read(name: string | undefined): Entry[] {
    this.#expire();
    const services =
      name === undefined ? [...this.#services.values()] : [this.#services.get(name) ?? new Map<string, Stored>()];
    return services.flatMap((nodes) => toEntries(nodes.values()));
  }

  subscribe(name: string | undefined, changes: Changes): () => void {
    const subscriber = { name, changes };
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Reads call this first, because a timer may be late. */
  #expire(): void {
    for (const key of this.#leases.expire(this.#clock.now())) this.remove(key, 'expired');
  }

  /** Sets the one timer to the next deadline. A timer for an earlier time stays, and looks again when it fires. */
  #schedule(): void {
    const deadline = this.#leases.nextDeadline();
    if (deadline === undefined || this.#users === 0 || this.#armedFor <= deadline) return;
    this.#disarm();
    this.#armedFor = deadline;
    this.#cancelTimer = this.#clock.setTimer(deadline - this.#clock.now(), () => {
      this.#disarm();
      this.#expire();
      this.#schedule();
    });
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #tell(name: string, tell: (changes: Changes) => void): void {
    for (const { name: wanted, changes } of this.#subscribers)
      if (wanted === undefined || wanted === name) tell(changes);
  }
}

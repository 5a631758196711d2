import type { Clock } from '@rollcall/core';
import type { Change, RollFollower } from '../../roll/followers.ts';
import type { Instance } from '../../roll/instance.ts';
import type { InstanceRef } from '../../roll/instance-ref.ts';
import type { Roll } from '../../roll/roll.ts';
import { chunkBytes, maxStaleSnapshotBytes, snapshotAgeMs } from '../../server-options.ts';
import { writeInstance } from './native-mapping.ts';

/** What the native wire adds to the content of an instance, roughly. Bytes. */
const wireOverhead = 400;

/** The size of an instance on the wire, roughly. Bytes. */
export const wireBytes = ({ bytes }: Instance): number => bytes + wireOverhead;

/** A list of instances as JSON, in chunks that are written down when the first reader comes to them, once for all. */
export class Snapshot {
  /** Roughly. */
  readonly bytes: number;
  readonly takenAt: number;
  /** How to cut off each reader that is in the middle of it. */
  readonly readers: Set<() => void> = new Set();
  readonly #instances: readonly Instance[];
  readonly #chunks: Buffer[] = [];
  #written = 0;

  constructor(instances: readonly Instance[], takenAt: number) {
    this.#instances = instances;
    this.takenAt = takenAt;
    this.bytes = instances.reduce((sum, instance) => sum + wireBytes(instance), 0);
  }

  /** Its chunks. `cut` is called when the reader is too slow while others wait for room; it must end the reading. */
  *read(cut: () => void): Generator<Buffer, undefined> {
    this.readers.add(cut);
    try {
      for (let index = 0; ; index += 1) {
        const chunk = this.#chunks[index] ?? this.#writeNext();
        if (chunk === undefined) return;
        yield chunk;
      }
    } finally {
      this.readers.delete(cut);
    }
  }

  #writeNext(): Buffer | undefined {
    if (this.#written === this.#instances.length) return undefined;
    const texts: string[] = [];
    let length = 0;
    while (this.#written < this.#instances.length && length < chunkBytes) {
      const text = JSON.stringify(writeInstance(this.#instances[this.#written] as Instance));
      texts.push(text);
      length += text.length;
      this.#written += 1;
    }
    const chunk = Buffer.from(`${this.#chunks.length === 0 ? '' : ','}${texts.join()}`);
    this.#chunks.push(chunk);
    return chunk;
  }
}

/**
 * The snapshots of the roll: one per env, or service of an env, and revision, shared by all readers. Those that are no
 * longer true live on while they are read; when they take too much, the readers of the oldest are cut off.
 */
export class Snapshots implements RollFollower {
  readonly #roll: Roll;
  readonly #clock: Clock;
  readonly #current = new Map<string, Snapshot>();
  readonly #stale = new Set<Snapshot>();
  #cancelSweep: (() => void) | undefined;

  constructor(roll: Roll, clock: Clock) {
    this.#roll = roll;
    this.#clock = clock;
  }

  /** As the roll is now. Times of renewal, which move without a change, may be a second old. */
  of(env: string, service: string | undefined): Snapshot {
    this.#roll.settle();
    const key = keyOf(env, service);
    const now = this.#clock.now();
    const known = this.#current.get(key);
    if (known !== undefined && now - known.takenAt < snapshotAgeMs) return known;
    this.#retire(key);
    const snapshot = new Snapshot(this.#roll.instances(env, service), now);
    this.#current.set(key, snapshot);
    this.#bound(snapshot);
    this.#cancelSweep ??= this.#clock.setTimer(snapshotAgeMs, () => this.#sweep());
    return snapshot;
  }

  close(): void {
    this.#cancelSweep?.();
  }

  changed({ instance }: Change): void {
    this.termsChanged(instance);
  }

  termsChanged({ env, service }: InstanceRef): void {
    this.#retire(keyOf(env, undefined));
    this.#retire(keyOf(env, service));
  }

  failed(): void {
    for (const key of [...this.#current.keys()]) this.#retire(key);
  }

  /** Forgets those that are old. */
  #sweep(): void {
    const now = this.#clock.now();
    for (const [key, { takenAt }] of this.#current) if (now - takenAt >= snapshotAgeMs) this.#retire(key);
    this.#bound(undefined);
    const isIdle = this.#current.size === 0 && this.#stale.size === 0;
    this.#cancelSweep = isIdle ? undefined : this.#clock.setTimer(snapshotAgeMs, () => this.#sweep());
  }

  #retire(key: string): void {
    const snapshot = this.#current.get(key);
    if (snapshot === undefined) return;
    this.#current.delete(key);
    if (snapshot.readers.size > 0) this.#stale.add(snapshot);
  }

  /** A snapshot may be larger than the bound: four of the largest are always allowed. */
  #bound(latest: Snapshot | undefined): void {
    let bytes = 0;
    let largest = latest?.bytes ?? 0;
    for (const snapshot of this.#stale) {
      if (snapshot.readers.size === 0) this.#stale.delete(snapshot);
      bytes += snapshot.bytes;
      largest = Math.max(largest, snapshot.bytes);
    }
    for (const snapshot of this.#stale) {
      if (bytes <= Math.max(maxStaleSnapshotBytes, 4 * largest)) return;
      this.#stale.delete(snapshot);
      bytes -= snapshot.bytes;
      for (const cut of [...snapshot.readers]) cut();
    }
  }
}

const keyOf = (env: string, service: string | undefined): string => `${env}\0${service ?? ''}`;

import { randomInt } from 'node:crypto';
import type { Timed } from '../leases/timed-lists.ts';
import type { Member } from '../protection/index.ts';
import { rememberedDepartures, rememberedHolders } from '../server-options.ts';
import { HandleTable } from './handle-table.ts';
import type { Instance } from './instance.ts';
import { type InstanceRef, refOf } from './instance-ref.ts';

/** The stored form of a listing. */
export interface KeptListing {
  readonly instance: Instance;
  readonly handle: number;
  readonly superseded: readonly number[];
}

/** An instance on the roll, the handle of its holder, and handles that no longer hold it. The links are those of its lease. */
export interface Listing extends Timed {
  instance: Instance;
  handle: number;
  /** How long the instance had been silent when it renewed late. Milliseconds. */
  silentMs: number | undefined;
  /** The member of the instance in self-protection. */
  readonly member: Member;
  /** Handles of earlier holders, and of callers whose registration was too old. */
  superseded: number[] | undefined;
}

/**
 * The handles by which clients renew and withdraw what they registered. The upper 21 bits are random per epoch, so that
 * a handle of an earlier epoch is unknown instead of another instance's lease; the lower 32 bits count.
 */
export class Holders {
  #base = randomInt(1, 2 ** 21) * 2 ** 32;
  /** Listings by the lower part of their handles, which counts up. */
  readonly #listings = new HandleTable<Listing>();
  /** Handles of instances that left the roll, oldest first. */
  readonly #departed = new Map<number, InstanceRef>();
  #count = 0;

  /** The first handle of the epoch, and how many were given. */
  get given(): { readonly base: number; readonly count: number } {
    return { base: this.#base, count: this.#count };
  }

  /** Goes on where an earlier start of the same epoch ended. */
  resume({ base, count }: { readonly base: number; readonly count: number }): void {
    this.#base = base;
    this.#count = count;
  }

  /** A listing of an earlier start, with the handles that were given for it. */
  restore({ instance, handle, superseded }: KeptListing, member: Member): Listing {
    const listing = newListing(instance, handle, member);
    if (superseded.length > 0) listing.superseded = [...superseded];
    for (const each of [handle, ...superseded]) this.#set(each, listing);
    return listing;
  }

  /** The listing of a handle, whether the handle still holds it or was superseded. */
  find(handle: number): Listing | undefined {
    return this.#listings.get(handle - this.#base);
  }

  /** A new listing with a handle of its own. */
  admit(instance: Instance, member: Member): Listing {
    const listing = newListing(instance, this.#next(), member);
    this.#set(listing.handle, listing);
    return listing;
  }

  /** Gives the listing a new handle, because another client has taken it over. */
  supersede(listing: Listing): void {
    this.#remember(listing, listing.handle);
    listing.handle = this.#next();
    this.#set(listing.handle, listing);
  }

  /** A handle that never held the listing, so that its caller finds the instance taken. */
  refuse(listing: Listing): number {
    const handle = this.#next();
    this.#set(handle, listing);
    this.#remember(listing, handle);
    return handle;
  }

  /** Forgets the handles of a listing that left the roll. */
  forget(listing: Listing): void {
    const ref = refOf(listing.instance);
    for (const handle of [listing.handle, ...(listing.superseded ?? [])]) {
      this.#listings.delete(handle - this.#base);
      this.#departed.set(handle, ref);
    }
    for (const oldest of this.#departed.keys()) {
      if (this.#departed.size <= rememberedDepartures) break;
      this.#departed.delete(oldest);
    }
  }

  /** The departed instance that a handle was given for. */
  departed(handle: number): InstanceRef | undefined {
    return this.#departed.get(handle);
  }

  /**
   * The number is bounded: a client that renews by a forgotten handle is told to register, and learns then that the id
   * is taken.
   */
  #remember(listing: Listing, handle: number): void {
    const superseded = listing.superseded ?? [];
    listing.superseded = superseded;
    superseded.push(handle);
    if (superseded.length > rememberedHolders) this.#listings.delete((superseded.shift() ?? 0) - this.#base);
  }

  #set(handle: number, listing: Listing): void {
    this.#listings.set(handle - this.#base, listing);
  }

  #next(): number {
    this.#count += 1;
    return this.#base + this.#count;
  }
}

const newListing = (instance: Instance, handle: number, member: Member): Listing => ({
  instance,
  handle,
  member,
  silentMs: undefined,
  superseded: undefined,
  list: undefined,
  since: 0,
  previous: undefined,
  next: undefined,
});

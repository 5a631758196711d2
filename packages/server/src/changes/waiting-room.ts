import type { Clock } from '@rollcall/core';
import type { Change, RollFollower } from '../roll/followers.ts';
import type { InstanceRef } from '../roll/instance-ref.ts';

/** The changes that a request waits for; an undefined field does not filter. */
export interface Awaited {
  readonly env: string | undefined;
  readonly services: readonly string[] | undefined;
}

interface Guest {
  readonly keys: readonly string[];
  readonly leave: () => void;
}

/** Requests that wait for a change. A change costs a look at the requests that wait for it, not at all of them. */
export class WaitingRoom implements RollFollower {
  readonly #clock: Clock;
  readonly #guests = new Map<string, Set<Guest>>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the room is closed, so that every request is to be answered now. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Resolves at the next awaited change, after `ms`, when the room closes, or when `onGone` calls back because the
   * client is gone.
   */
  wait(awaited: Awaited, ms: number, onGone: (leave: () => void) => void): Promise<void> {
    if (this.#isClosed || ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const guest: Guest = {
        keys: keysOf(awaited),
        leave: () => {
          cancel();
          this.#forget(guest);
          resolve();
        },
      };
      const cancel = this.#clock.setTimer(ms, guest.leave);
      for (const key of guest.keys) this.#guests.set(key, (this.#guests.get(key) ?? new Set()).add(guest));
      onGone(guest.leave);
    });
  }

  changed({ instance }: Change): void {
    for (const key of [everything, envKey(instance.env), serviceKey(instance.env, instance.service)])
      for (const guest of [...(this.#guests.get(key) ?? [])]) guest.leave();
  }

  /** Lets every request look again, because the room may have missed a change. */
  failed(): void {
    for (const guests of [...this.#guests.values()]) for (const guest of [...guests]) guest.leave();
  }

  /** Makes every request answer now. */
  close(): void {
    this.#isClosed = true;
    this.failed();
  }

  #forget(guest: Guest): void {
    for (const key of guest.keys) {
      const guests = this.#guests.get(key);
      guests?.delete(guest);
      if (guests?.size === 0) this.#guests.delete(key);
    }
  }
}

const everything = '';
const envKey = (env: string): string => env;
/** NUL occurs neither in an env nor in the name of a service. */
const serviceKey = (env: InstanceRef['env'], service: string): string => `${env}\0${service}`;

function keysOf({ env, services }: Awaited): readonly string[] {
  if (env === undefined) return [everything];
  return services === undefined ? [envKey(env)] : services.map((service) => serviceKey(env, service));
}

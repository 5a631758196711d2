import type { Clock } from '@rollcall/core';
import { askIntervalMs, stuckAfterMs } from '../defaults.ts';
import type { NodeState } from '../rule/node-state.ts';
import type { FollowedService } from '../shell/followed-service.ts';

/** How often the client checks attempts without an answer. Milliseconds. */
const sweepMs = 250;

/** An attempt that has no answer yet. */
export interface Flight {
  readonly state: NodeState;
  readonly service: FollowedService;
  readonly startedAtMs: number;
  /** Called, possibly often, when the node cannot be reached any more, so that no answer will come. */
  readonly onDead: () => void;
  /** The time at which the client tries a TCP connection to the node, unless the attempt has been answered. */
  askAtMs: number;
}

/** Attempts under way. The client asks silent nodes by TCP, so that it notices a dead node long before the deadline. */
export class InFlight {
  readonly #clock: Clock;
  /** Attempts in flight, the earliest first. */
  readonly #flights = new Set<Flight>();
  #cancel: (() => void) | undefined;
  #dueAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(flight: Flight): void {
    this.#flights.add(flight);
    if (this.#cancel === undefined) this.#schedule(this.#clock.now());
  }

  delete(flight: Flight): void {
    this.#flights.delete(flight);
  }

  close(): void {
    this.#cancel?.();
    this.#flights.clear();
  }

  #sweep(): void {
    this.#cancel = undefined;
    const nowMs = this.#clock.now();
    // A blocked caller may not have read its answers yet.
    const wasBlocked = nowMs - this.#dueAtMs > sweepMs;
    if (!wasBlocked) this.#look(nowMs);
    if (this.#flights.size > 0) this.#schedule(nowMs);
  }

  #schedule(nowMs: number): void {
    this.#dueAtMs = nowMs + sweepMs;
    this.#cancel = this.#clock.setTimer(sweepMs, () => this.#sweep());
  }

  #look(nowMs: number): void {
    for (const flight of [...this.#flights]) {
      const { state, service, startedAtMs, onDead } = flight;
      if (nowMs - startedAtMs < stuckAfterMs) break;
      if (state.heardAtMs >= startedAtMs) continue;
      const isKnown = service.rule.board.states.get(state.id) === state;
      if (!isKnown || state.tier === 'unreachable') onDead();
      else if (nowMs >= flight.askAtMs) {
        flight.askAtMs = nowMs + askIntervalMs;
        service.stuck(state, startedAtMs);
      }
    }
  }
}

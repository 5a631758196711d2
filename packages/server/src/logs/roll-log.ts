import type { Clock, Logger } from '@rollcall/core';
import { sentenceOf } from '../changes/sentence.ts';
import type { ProtectionView } from '../protection/index.ts';
import { explain, stateOf } from '../roll/explain.ts';
import type { Change, RollFollower } from '../roll/followers.ts';

/** Most lines about evictions within {@link windowMs}; further evictions are only counted. */
const linesPerWindow = 20;
/** The time in which at most {@link linesPerWindow} evictions get a line each. Milliseconds. */
const windowMs = 1_000;

/**
 * Lines about what the roll decides by itself: evictions, and the begin and end of self-protection. What clients do
 * (register, cancel) belongs to the audit log. A fleet that is evicted at once makes some lines and a number.
 */
export class RollLog implements RollFollower {
  readonly #logger: Logger;
  readonly #clock: Clock;
  #lines = 0;
  /** Evictions that are not logged one by one, by environment. */
  readonly #untold = new Map<string, number>();
  #cancelWindow: (() => void) | undefined;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  changed(change: Change): void {
    if (change.type === 'remove' && change.evidence.what !== 'deregistered') this.#evicted(change);
  }

  protectionChanged(env: string, view: ProtectionView): void {
    const { missing, considered, threshold, held, heard } = view;
    const numbers = { missing, considered, threshold, held };
    const fields = { env, on: view.on, ...numbers };
    const state = stateOf(true, view);
    const times = { onForMs: undefined, firstMayGoInMs: undefined, forgetsInMs: undefined };
    const explained = explain({ env, state, instances: considered, heard, ...numbers, ...times });
    const message = `self-protection of ${env} is ${view.on ? 'on' : 'off'}: ${explained}`;
    if (view.on) this.#logger.warn(fields, message);
    else this.#logger.info(fields, message);
  }

  failed(cause: unknown): void {
    this.#logger.error(
      { err: cause },
      'a change of the roll could not be logged; this is a defect of Rollcall, please report it',
    );
  }

  close(): void {
    this.#cancelWindow?.();
    this.#tellUntold();
  }

  #evicted(change: Change): void {
    this.#cancelWindow ??= this.#clock.setTimer(windowMs, () => {
      this.#cancelWindow = undefined;
      this.#lines = 0;
      this.#tellUntold();
    });
    this.#lines += 1;
    const { env, service, id } = change.instance;
    if (this.#lines > linesPerWindow) this.#untold.set(env, (this.#untold.get(env) ?? 0) + 1);
    else this.#logger.info({ env, service, id, evidence: change.evidence }, `${env}: ${sentenceOf(change)}`);
  }

  #tellUntold(): void {
    for (const [env, count] of this.#untold) {
      this.#logger.info({ env, count }, `${env}: ${count} more instances were evicted within the same second`);
    }
    this.#untold.clear();
  }
}

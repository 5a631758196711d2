import { pause } from './waiting.ts';

const listening = new Set<UnhandledRejections>();

// One listener for all cases that run at the same time, because a rejection does not tell which case caused it.
function onUnhandled(reason: unknown): void {
  for (const one of listening) one.reasons.push(reason);
}

/** Collects unhandled rejections, from its construction until `stop()`. */
export class UnhandledRejections {
  readonly reasons: unknown[] = [];

  constructor() {
    if (listening.size === 0) process.on('unhandledRejection', onUnhandled);
    listening.add(this);
  }

  /** Fails with the first rejection, if there was one. */
  async assertNone(): Promise<void> {
    // Node reports unhandled rejections after the microtasks of a turn.
    await pause(0);
    if (this.reasons.length > 0)
      throw new Error('a promise of the registry was rejected and nothing handled it (its reason is the cause)', {
        cause: this.reasons[0],
      });
  }

  stop(): void {
    listening.delete(this);
    if (listening.size === 0) process.off('unhandledRejection', onUnhandled);
  }
}

import type { Clock } from '@rollcall/core';
import { pause } from '@rollcall/core/adapter';
import { listenStepMs } from '../mdns-options.ts';

/**
 * Waits for packets. In steps: when a process stood still, its timers fire before it reads what came meanwhile, so each step
 * counts for no more than its length, however long it took.
 */
export async function listen(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= listenStepMs) await pause(clock, Math.min(leftMs, listenStepMs), signal);
}

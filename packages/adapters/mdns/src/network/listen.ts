import type { Clock } from '@rollcall/core';
import { pause } from '@rollcall/core/adapter';
import { listenStepMs } from '../mdns-options.ts';

/**
 * Waits for packets, in steps. After a stall of the process, timers fire before the packets of that time are read, so
 * each step counts only its own length, however long it took.
 */
export async function listen(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= listenStepMs) await pause(clock, Math.min(leftMs, listenStepMs), signal);
}

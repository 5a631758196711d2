import { holdProcess } from '@rollcall/core/adapter';
import { exitCodes } from './exit-codes.ts';

/** Aborted by the first SIGINT or SIGTERM, which also settles the exit code; a second one ends the process at once. */
export function untilSignal(): AbortSignal {
  const controller = new AbortController();
  const on = (signal: NodeJS.Signals, code: number): void => {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(code);
      process.exitCode = code;
      controller.abort();
    });
  };
  on('SIGINT', exitCodes.interrupted);
  on('SIGTERM', exitCodes.terminated);
  return controller.signal;
}

/** Resolves at the abort; keeps the process alive until then. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const release = holdProcess();
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  release();
}

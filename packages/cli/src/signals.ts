import { holdProcess, onAbort } from '@rollcall/core/adapter';
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

/** Resolves at the abort, or earlier with `work`; keeps the process alive until then. */
export async function aborted(signal: AbortSignal, work?: Promise<unknown>): Promise<void> {
  const release = holdProcess();
  const over = new Promise<void>((resolve) => void onAbort(signal, resolve));
  await (work === undefined ? over : Promise.race([over, work]));
  release();
}

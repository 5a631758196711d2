import { holdProcess } from '@rollcall/core/adapter';

/** Resolves at the first SIGINT or SIGTERM. Keeps the process alive until `release()`; a second signal ends it at once. */
export function untilSignal(): { readonly signalled: Promise<void>; release(): void } {
  const letGo = holdProcess();
  let onSignal = (_signal: NodeJS.Signals): void => {};
  const signalled = new Promise<void>((resolve) => {
    let first = true;
    onSignal = (signal) => {
      // A second signal means that the operator does not want to wait.
      if (!first) process.exit(signal === 'SIGINT' ? 130 : 143);
      first = false;
      resolve();
    };
  });
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signalled,
    release() {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      letGo();
    },
  };
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Set while a call of ours runs, also in the timers and sockets that it starts. */
const ours = new AsyncLocalStorage<true>();

/**
 * gRPC holds the process while a stream is open, and a watch is a stream for as long as it lives. Node tells of every
 * new socket: those of our calls never hold the process; the guard does while a caller waits.
 */
const letGo = (message: unknown): void => {
  if (ours.getStore() === undefined) return;
  const { socket } = message as { readonly socket: Socket };
  socket.unref();
  socket.ref = () => socket;
  // A TLS socket replaces this one later and refs the handle below it, so the handle must not hold the process either.
  socket.once('connect', () => {
    const { _handle: handle } = socket as unknown as { readonly _handle?: { ref(): void } | null };
    if (handle) handle.ref = () => {};
  });
};
let isSubscribed = false;

/** Runs `work`; no socket that it opens holds the process. */
export function withIdleSockets<T>(work: () => T): T {
  if (!isSubscribed) channel('net.client.socket').subscribe(letGo);
  isSubscribed = true;
  return ours.run(true, work);
}

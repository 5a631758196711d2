import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Set while a call of ours runs, and in the timers and sockets that it starts. */
const ours = new AsyncLocalStorage<true>();

/**
 * gRPC keeps the process alive while a stream is open, and a watch is an open stream. Node reports every new socket, so
 * those of our calls are told not to keep the process alive; the guard does that while a caller waits.
 */
const letGo = (message: unknown): void => {
  if (ours.getStore() === undefined) return;
  const { socket } = message as { readonly socket: Socket };
  socket.unref();
  socket.ref = () => socket;
  // A TLS socket replaces this one later and refs the handle below it, so the handle must not keep the process alive
  // either.
  socket.once('connect', () => {
    const { _handle: handle } = socket as unknown as { readonly _handle?: { ref(): void } | null };
    if (handle) handle.ref = () => {};
  });
};
let isSubscribed = false;

/** Runs `work`. No socket that it opens keeps the process alive. */
export function withIdleSockets<T>(work: () => T): T {
  if (!isSubscribed) channel('net.client.socket').subscribe(letGo);
  isSubscribed = true;
  return ours.run(true, work);
}

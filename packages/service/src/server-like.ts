import { RegistryError } from '@rollcall/core';

/** A net, http or https server, structurally. */
export interface NetServer {
  listening: boolean;
  address(): unknown;
  once(event: string, listener: (...args: never[]) => void): unknown;
  close(callback?: (error?: Error) => void): unknown;
}

/** A net/http/https server, or whatever has one and knows how to close it (Fastify). */
export type ServerLike = NetServer | { readonly server: NetServer; close(): PromiseLike<unknown> };

const netServer = (server: ServerLike): NetServer => ('server' in server ? server.server : server);

/** Whether it can be asked for its address now. */
export const isListening = (server: ServerLike): boolean => netServer(server).listening;

/** Resolves with what it is bound to once it listens; rejects with its error, or `ABORTED` by `signal`. */
export async function boundAddress(
  server: ServerLike,
  signal: AbortSignal,
): Promise<{ readonly host: string; readonly port: number }> {
  const net = netServer(server);
  if (!net.listening) await listening(net, signal);
  const address = net.address();
  if (typeof address === 'object' && address !== null && 'port' in address && 'address' in address) {
    return { host: String(address.address), port: Number(address.port) };
  }
  throw new RegistryError(
    'INVALID_ARGUMENT',
    'server listens on a socket without a port: others cannot reach it, so say advertise',
  );
}

async function listening(net: NetServer, signal: AbortSignal): Promise<void> {
  const cleanUps: (() => void)[] = [];
  const once = (event: string, listener: (...args: never[]) => void): void => {
    net.once(event, listener);
    // One that stays would swallow an error that comes later.
    if ('off' in net && typeof net.off === 'function')
      cleanUps.push(() => (net.off as typeof net.once).call(net, event, listener));
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(new RegistryError('ABORTED', 'stopped before the server listened'));
      if (signal.aborted) return onAbort();
      once('listening', () => resolve());
      once('error', (error: never) => reject(error));
      signal.addEventListener('abort', onAbort, { once: true });
      cleanUps.push(() => signal.removeEventListener('abort', onAbort));
    });
  } finally {
    for (const cleanUp of cleanUps) cleanUp();
  }
}

/** Closes it; connections that are idle do not hold it up. */
export async function closeServer(server: ServerLike): Promise<void> {
  if ('server' in server) {
    await server.close();
    return;
  }
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    if ('closeIdleConnections' in server && typeof server.closeIdleConnections === 'function')
      server.closeIdleConnections();
  });
}

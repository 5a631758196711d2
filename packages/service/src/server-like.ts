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

/** Resolves with what it is bound to once it listens; rejects with its error. */
export async function boundAddress(server: ServerLike): Promise<{ readonly host: string; readonly port: number }> {
  const net = netServer(server);
  if (!net.listening) {
    await new Promise<void>((resolve, reject) => {
      net.once('listening', () => resolve());
      net.once('error', (error: never) => reject(error));
    });
  }
  const address = net.address();
  if (typeof address === 'object' && address !== null && 'port' in address && 'address' in address) {
    return { host: String(address.address), port: Number(address.port) };
  }
  throw new RegistryError(
    'INVALID_ARGUMENT',
    'server listens on a socket without a port: others cannot reach it, so say advertise',
  );
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

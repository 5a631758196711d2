import { type Clock, RegistryError } from '@rollcall/core';
import { onAbort } from '@rollcall/core/adapter';
import { listenTimeoutMs } from '../defaults.ts';

/** A net, http or https server, structurally. */
export interface NetServer {
  /** Whether the server has an address already. */
  listening: boolean;
  /** The result of Node's `Server.address()`. */
  address(): unknown;
  /** The runtime waits for `listening` and `error`. */
  once(event: string, listener: (...args: never[]) => void): unknown;
  /** Called by `stop()`, after `drainMs`. */
  close(callback?: (error?: Error) => void): unknown;
}

/** A net/http/https server, or an object that has one and can close it (Fastify). */
export type ServerLike = NetServer | { readonly server: NetServer; close(): PromiseLike<unknown> };

const netServer = (server: ServerLike): NetServer => ('server' in server ? server.server : server);

/**
 * Throws `INVALID_ARGUMENT` for an object that is not a server, such as an Express app, and says what to pass instead.
 */
export function checkServer(server: unknown): void {
  const net = (typeof server === 'object' || typeof server === 'function') && server !== null ? server : {};
  const candidate: unknown = 'server' in net ? net.server : net;
  if (isNetServer(candidate)) return;
  const isApp = typeof server === 'function' && 'listen' in server;
  const hint = isApp ? ': pass what app.listen(...) returns' : '';
  throw new RegistryError('INVALID_ARGUMENT', `server must be a net, http or https server, or have one${hint}`);
}

function isNetServer(value: unknown): value is NetServer {
  if (typeof value !== 'object' || value === null) return false;
  const { listening, address, once, close } = value as Partial<Record<keyof NetServer, unknown>>;
  return typeof listening === 'boolean' && [address, once, close].every((method) => typeof method === 'function');
}

/** go-micro's `protocol` of a node, if the server reveals it. A bare TCP server, or a plain address, may speak any protocol. */
export function protocolOf(server: ServerLike | undefined): { readonly protocol?: 'http' | 'https' } {
  const net = server === undefined ? undefined : netServer(server);
  // The members of a server show its kind: only HTTP servers have a limit on headers, and only TLS servers can replace
  // their certificate.
  if (net === undefined || !('headersTimeout' in net)) return {};
  return { protocol: 'setSecureContext' in net ? 'https' : 'http' };
}

/** Whether the server's address can be read now. */
export const isListening = (server: ServerLike): boolean => netServer(server).listening;

/** The limits on waiting for {@link boundAddress}. */
export interface ListenWait {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called once when the server does not listen within {@link listenTimeoutMs}; the wait goes on. */
  readonly onSlow?: (() => void) | undefined;
}

/** Resolves with the bound address once the server listens; rejects with the server's error, or `ABORTED` by the signal. */
export async function boundAddress(
  server: ServerLike,
  wait: ListenWait,
): Promise<{ readonly host: string; readonly port: number }> {
  const net = netServer(server);
  if (!net.listening) await listening(net, wait);
  const address = net.address();
  if (typeof address === 'object' && address !== null && 'port' in address && 'address' in address) {
    return { host: String(address.address), port: Number(address.port) };
  }
  throw new RegistryError(
    'INVALID_ARGUMENT',
    'server listens on a socket without a port, which other programs cannot reach: give advertise, such as 10.0.0.7:8080',
  );
}

async function listening(net: NetServer, { clock, signal, onSlow }: ListenWait): Promise<void> {
  const cleanUps: (() => void)[] = [];
  const once = (event: string, listener: (...args: never[]) => void): void => {
    net.once(event, listener);
    // A listener that stays would swallow a later error.
    if ('off' in net && typeof net.off === 'function')
      cleanUps.push(() => (net.off as typeof net.once).call(net, event, listener));
  };
  if (onSlow !== undefined) cleanUps.push(clock.setTimer(listenTimeoutMs, onSlow));
  try {
    await new Promise<void>((resolve, reject) => {
      once('listening', () => resolve());
      once('error', (error: never) => reject(error));
      cleanUps.push(
        onAbort(signal, () =>
          reject(new RegistryError('ABORTED', 'the service was stopped before its server listened')),
        ),
      );
    });
  } finally {
    for (const cleanUp of cleanUps) cleanUp();
  }
}

/** Closes the server; idle connections do not delay it. */
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

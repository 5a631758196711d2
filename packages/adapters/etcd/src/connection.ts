import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { systemClock } from '@rollcall/core/adapter';
import { handleWhen, noop, retry } from 'cockatiel';
import { Etcd3, type IOptions, isRecoverableError, WatchClient } from 'etcd3';
import {
  type EtcdOptions,
  type EtcdTls,
  maxAnswerBytes,
  parseAddresses,
  parseToken,
  pingAfterMs,
  pingTimeoutMs,
  reconnectMs,
  tlsOfEnvironment,
} from './etcd-options.ts';

/** The client with the one part of it that it keeps to itself: its watch manager loses events, so watches go without it. */
class Client extends Etcd3 {
  readonly watches: WatchClient = new WatchClient(this.pool);
}

/** Set while a call of ours runs, also in whatever it starts. */
const ours = new AsyncLocalStorage<true>();

/**
 * gRPC holds the process while a stream is open, and a watch is one for as long as it lives. Node tells of every new socket:
 * those of our calls never hold the process; the guard does while somebody waits.
 */
const letGo = (message: unknown): void => {
  if (ours.getStore() === undefined) return;
  const { socket } = message as { readonly socket: Socket };
  socket.unref();
  socket.ref = () => socket;
  // A socket of TLS takes its place and refers to the handle below.
  socket.once('connect', () => {
    const { _handle: handle } = socket as unknown as { readonly _handle?: { ref(): void } | null };
    if (handle) handle.ref = () => {};
  });
};
let watched = false;

/** The part of a stream that opening it needs. */
interface Stream {
  on(event: 'error', listener: (error: Error) => void): unknown;
  cancel(): void;
}

/** The cluster, connected at the first call. */
export class Connection {
  readonly #options: IOptions;
  readonly #tls: EtcdTls | undefined;
  #client: Client | undefined;
  #closed = false;

  constructor({ addresses, token, tls }: EtcdOptions) {
    this.#tls = tls;
    const hosts = [...parseAddresses(addresses)];
    const auth = parseToken(token);
    this.#options = {
      hosts,
      ...(auth === undefined ? {} : { auth }),
      grpcOptions: {
        'grpc.max_receive_message_length': maxAnswerBytes,
        'grpc.keepalive_time_ms': pingAfterMs,
        'grpc.keepalive_timeout_ms': pingTimeoutMs,
        'grpc.initial_reconnect_backoff_ms': reconnectMs.first,
        'grpc.min_reconnect_backoff_ms': reconnectMs.first,
        'grpc.max_reconnect_backoff_ms': reconnectMs.longest,
        // Its backoff would be that of another registry's connection otherwise.
        'grpc.use_local_subchannel_pool': 1,
      },
      // etcd3's own breaker stays open for 5 s after etcd is back. Trying again is the guard's; going to another member ours.
      faultHandling: {
        host: () => noop,
        global: hosts.length === 1 ? noop : retry(handleWhen(isRecoverableError), { maxAttempts: hosts.length - 1 }),
      },
    };
  }

  /** Runs `use` with the client, bounded by the signal. Its answer is dropped when the signal is first. */
  async call<T>(signal: AbortSignal, use: (client: Client) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    // One signal bounds a call of many nodes: no leak, whatever Node thinks at the eleventh.
    setMaxListeners(0, signal);
    let onAbort = (): void => {};
    const end = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([ours.run(true, () => use(this.#connected())), end]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Opens a stream. One that opens after the signal is cancelled: nobody has it. */
  stream<S extends Stream>(signal: AbortSignal, open: (client: Client) => Promise<S>): Promise<S> {
    return this.call(signal, async (client) => {
      const stream = await open(client);
      // What it still says when it is cancelled is nobody's concern, and must not end the process.
      stream.on('error', () => {});
      if (signal.aborted) stream.cancel();
      return stream;
    });
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
  }

  #connected(): Client {
    if (!watched) channel('net.client.socket').subscribe(letGo);
    watched = true;
    this.#client ??= new Client(this.#secured());
    if (this.#closed) this.#client.close();
    return this.#client;
  }

  /** Here, since files are read. */
  #secured(): IOptions {
    const tls = this.#tls ?? tlsOfEnvironment();
    return tls === undefined ? this.#options : { ...this.#options, credentials: credentialsOf(tls) };
  }
}

function credentialsOf({ ca, key, cert }: EtcdTls): NonNullable<IOptions['credentials']> {
  return {
    rootCertificate: Buffer.from(ca),
    ...(key === undefined ? {} : { privateKey: Buffer.from(key) }),
    ...(cert === undefined ? {} : { certChain: Buffer.from(cert) }),
  };
}

/** Options of a call that gives up by itself: nobody may wait for its answer any longer. */
export const deadline = (ms: number): { readonly deadline: number } => ({ deadline: systemClock.wallNow() + ms });

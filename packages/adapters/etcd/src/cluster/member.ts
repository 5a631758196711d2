import type { Clock } from '@rollcall/core';
import { type BackendEndpoint, untilAborted } from '@rollcall/core/adapter';
import { noop } from 'cockatiel';
import { AuthClient, Etcd3, type ICallable, type IOptions } from 'etcd3';
import { saysTokenIsStale } from '../etcd-error.ts';
import {
  type EtcdTls,
  type EtcdUser,
  maxAnswerBytes,
  pingAfterMs,
  pingTimeoutMs,
  reconnectMs,
} from '../etcd-options.ts';
import { Calls } from './calls.ts';
import { credentialsOf, withoutIpServerName } from './credentials.ts';
import { Tokens } from './tokens.ts';

/** What a member is made of. */
export interface MemberOptions {
  readonly endpoint: BackendEndpoint;
  readonly user: EtcdUser | undefined;
  readonly tls: () => EtcdTls;
  readonly clock: Clock;
}

/** The client with its private connection pool, because calls bypass its retries, tokens and watch manager. */
class Client extends Etcd3 {
  readonly callable: ICallable<unknown> = this.pool;
}

/** One member of the cluster, connected at the first call. */
export class Member {
  readonly endpoint: BackendEndpoint;
  readonly #options: MemberOptions;
  readonly #tokens: Tokens;
  #client: Client | undefined;
  #isClosed = false;

  constructor(options: MemberOptions) {
    this.endpoint = options.endpoint;
    this.#options = options;
    const { user } = options;
    const authenticate = async ({ name, password }: EtcdUser, signal: AbortSignal): Promise<string> =>
      (await new AuthClient(this.#calls(undefined, signal)).authenticate({ name, password })).token;
    this.#tokens = new Tokens(user && ((signal) => authenticate(user, signal)), options.clock);
  }

  /** Runs `work`, bounded by the signal. Runs it once more with another token if etcd refuses the first. */
  async run<T>(signal: AbortSignal, work: (calls: Calls) => Promise<T>): Promise<T> {
    const token = await this.#tokens.get(signal);
    try {
      return await untilAborted(signal, work(this.#calls(token, signal)));
    } catch (cause) {
      if (signal.aborted || !saysTokenIsStale(cause) || !this.#tokens.drop(token)) throw cause;
      const next = await this.#tokens.get(signal);
      return untilAborted(signal, work(this.#calls(next, signal)));
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#client?.close();
  }

  #calls(token: string | undefined, signal: AbortSignal): Calls {
    // The client is made at the first call and not in the constructor, because that reads files.
    this.#client ??= this.#open();
    if (this.#isClosed) this.#client.close();
    return new Calls(this.#client.callable, token, signal);
  }

  #open(): Client {
    const { endpoint, tls } = this.#options;
    const client = new Client({
      hosts: endpoint.origin,
      ...(endpoint.secure ? { credentials: credentialsOf(tls()) } : {}),
      grpcOptions: {
        'grpc.max_receive_message_length': maxAnswerBytes,
        'grpc.keepalive_time_ms': pingAfterMs,
        'grpc.keepalive_timeout_ms': pingTimeoutMs,
        'grpc.initial_reconnect_backoff_ms': reconnectMs.first,
        'grpc.min_reconnect_backoff_ms': reconnectMs.first,
        'grpc.max_reconnect_backoff_ms': reconnectMs.longest,
        // Without this option the channel would share the backoff of another registry's connection.
        'grpc.use_local_subchannel_pool': 1,
        // A proxy that the environment names cannot reach loopback of this machine.
        ...(isLoopback(endpoint.host) ? { 'grpc.enable_http_proxy': 0 } : {}),
      },
      faultHandling: withoutRetries,
    });
    if (endpoint.secure) withoutIpServerName(client.callable, endpoint.host);
    return client;
  }
}

/** etcd3's own breaker would stay open for 5 s after etcd is back. The guard retries, and the cluster moves to the next member. */
const withoutRetries: NonNullable<IOptions['faultHandling']> = { host: () => noop, global: noop };

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);

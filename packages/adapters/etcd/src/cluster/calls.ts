import { onAbort, untilAborted } from '@rollcall/core/adapter';
import { castGrpcError, type ICallable, type IDuplexStream, KVClient, LeaseClient, WatchClient } from 'etcd3';

/** etcd3's view of a request: the service, the connection to it and the headers. */
type Link = Parameters<Parameters<ICallable<unknown>['withConnection']>[1]>[0];
type Service = Parameters<ICallable<unknown>['exec']>[0];

/** A gRPC call that can be cancelled. */
interface Pending {
  cancel(): void;
}
type Unary = (
  parameters: unknown,
  headers: Link['metadata'],
  done: (error: Error | null, answer: unknown) => void,
) => Pending;

/** A stream on which etcd has given its first answer. */
export interface Conversation<Answer> {
  readonly first: Answer;
  /** The next answer; undefined at the end. Rejects when the stream fails. */
  next(): Promise<Answer | undefined>;
  end(): void;
}

/**
 * The calls of one attempt, with the token and the signal that belong to it. etcd3's own calls renew a refused token
 * without end and cannot be cancelled.
 */
export class Calls implements ICallable<unknown> {
  readonly callOptionsFactory = undefined;
  readonly kv: KVClient = new KVClient(this);
  readonly leases: LeaseClient = new LeaseClient(this);
  readonly watches: WatchClient = new WatchClient(this);
  readonly #pool: ICallable<unknown>;
  readonly #token: string | undefined;
  readonly #signal: AbortSignal;

  constructor(pool: ICallable<unknown>, token: string | undefined, signal: AbortSignal) {
    this.#pool = pool;
    this.#token = token;
    this.#signal = signal;
  }

  exec<T>(service: Service, method: string, parameters: unknown): Promise<T> {
    return this.withConnection(service, ({ client, metadata }) => {
      let pending: Pending | undefined;
      const answer = new Promise<T>((resolve, reject) => {
        const unary = (client as unknown as Readonly<Record<string, Unary>>)[method];
        pending = unary?.call(client, parameters, metadata, (error, answered) => {
          if (error === null) resolve(answered as T);
          else reject(error);
        });
      });
      const stop = onAbort(this.#signal, () => pending?.cancel());
      return untilAborted(this.#signal, answer.finally(stop));
    });
  }

  withConnection<R>(service: Service, use: (link: Link) => Promise<R> | R): Promise<R> {
    return this.#pool.withConnection(service, (link) => {
      // The headers belong to this call alone.
      if (this.#token !== undefined) link.metadata.set('token', this.#token);
      // A member without a leader tells its watchers nothing unless they ask for one.
      if (service === 'Watch') link.metadata.set('hasleader', 'true');
      return use(link);
    });
  }

  markFailed(resource: unknown, error: Error): void {
    this.#pool.markFailed(resource, error);
  }

  /** Asks on a new stream and waits for the first answer. Until it has come, the signal ends the stream. */
  async converse<Question, Answer>(
    open: (calls: this) => Promise<IDuplexStream<Question, Answer>>,
    question: Question,
  ): Promise<Conversation<Answer>> {
    const stream = await open(this);
    // Errors after the cancellation concern no caller, and must not end the process.
    stream.on('error', () => {});
    const end = (): void => stream.cancel();
    const stop = onAbort(this.#signal, end);
    try {
      // Streams of gRPC are Node streams, which etcd3's types do not say.
      const answers = (stream as unknown as AsyncIterable<Answer>)[Symbol.asyncIterator]();
      const next = async (): Promise<Answer | undefined> => {
        try {
          const { done, value } = await answers.next();
          return done === true ? undefined : value;
        } catch (cause) {
          throw cause instanceof Error ? castGrpcError(cause) : cause;
        }
      };
      stream.write(question);
      const first = await untilAborted(this.#signal, next());
      if (first === undefined) throw castGrpcError(new Error('14 UNAVAILABLE: the stream ended'));
      return { first, next, end };
    } catch (cause) {
      end();
      throw cause;
    } finally {
      stop();
    }
  }
}

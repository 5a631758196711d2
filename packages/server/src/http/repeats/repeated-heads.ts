import { Socket } from 'node:net';
import type { Clock } from '@rollcall/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../access/caller.ts';
import type { AnsweredRequest } from '../answered-request.ts';
import type { OpenAnswers } from '../open-answers.ts';
import type { RepeatedAnswer } from './repeatable-route.ts';
import { type Admitted, RepeatedConnection, type RepeatedShared } from './repeated-connection.ts';

/** The parts with which repeated requests are answered. */
export interface RepeatedHeadsOptions {
  readonly app: FastifyInstance;
  readonly clock: Clock;
  readonly answers: OpenAnswers;
  /** Whether a client still has the rights that it came with. */
  readonly isCurrent: (caller: Caller, socket: Socket) => boolean;
  /** The observers that hear of each answer, like those of the framework's answers. */
  readonly observers: readonly ((answered: AnsweredRequest) => void)[];
}

/**
 * Answers requests whose heads repeat, byte for byte except for a handle or a query, without the HTTP parser and the
 * framework: docs/design/hot-path.md. Everything that depends on the head alone (Host, origin, token, role) the
 * framework has decided when it admitted the same bytes on the same connection. Whatever can change since then is
 * checked each time.
 */
export class RepeatedHeads implements RepeatedShared {
  readonly #options: RepeatedHeadsOptions;
  readonly #connections = new WeakMap<Socket, RepeatedConnection>();
  readonly #keepAlive: string;
  #date = '';
  #dateUntil = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(options: RepeatedHeadsOptions) {
    this.#options = options;
    const { server } = options.app;
    this.#keepAlive = `Keep-Alive: timeout=${Math.floor(server.keepAliveTimeout / 1_000)}`;
    server.on('request', (request) => this.#connections.get(request.socket)?.made(request));
    options.app.addHook('onResponse', (request, reply, done) => {
      this.#learn(request, reply);
      done();
    });
  }

  /** Number of requests that were answered this way. */
  get count(): number {
    return this.#count;
  }

  isServed(caller: Caller, socket: Socket): boolean {
    return !this.#options.answers.isClosing && this.#options.isCurrent(caller, socket);
  }

  now(): number {
    return this.#options.clock.now();
  }

  send(socket: Socket, { before, list = [], after = '' }: RepeatedAnswer, admitted: Admitted, beganAt: number): void {
    const length = list.reduce((sum, { length }) => sum + length, before.length + after.length);
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${length}\r\nDate: ${this.#now()}\r\nConnection: keep-alive\r\n${this.#keepAlive}\r\n\r\n`;
    if (list.length === 0) socket.write(head + before + after, 'latin1');
    else {
      socket.cork();
      socket.write(head + before, 'latin1');
      for (const chunk of list) socket.write(chunk);
      socket.write(after, 'latin1');
      socket.uncork();
    }
    this.#count += 1;
    const { answers, observers } = this.#options;
    if (socket.writableLength > 0) answers.unread(socket);
    const ms = this.now() - beganAt;
    const [method, route] = [admitted.method, admitted.path];
    for (const observe of observers)
      observe({ method, route, status: 200, ms, from: () => socket.remoteAddress ?? '' });
  }

  /** The value of the header `Date`, as Node writes it into its answers. */
  #now(): string {
    const now = this.#options.clock.wallNow();
    if (now < this.#dateUntil && now >= this.#dateUntil - 1_000) return this.#date;
    this.#dateUntil = Math.floor(now / 1_000) * 1_000 + 1_000;
    // biome-ignore lint/style/noRestrictedGlobals: it writes a date and reads no clock.
    this.#date = new Date(now).toUTCString();
    return this.#date;
  }

  #learn(request: FastifyRequest, reply: FastifyReply): void {
    const { config, url: path } = request.routeOptions;
    const { repeats: route } = config;
    const { raw, caller } = request;
    if (route === undefined || path === undefined || caller === undefined || reply.statusCode !== 200) return;
    // A route of GET has one of HEAD beside it, whose answers have no body.
    if (request.method === 'HEAD') return;
    const connection = this.#connections.get(raw.socket) ?? this.#begin(raw.socket);
    const secret = raw.headers['lease-secret'];
    const isValid = request.getValidationFunction('body') ?? request.getValidationFunction('querystring');
    connection?.answered(raw, {
      ...{ route, path, method: request.method, caller },
      secret: typeof secret === 'string' ? secret : undefined,
      isValid: (value) => isValid?.(value) === true,
    });
  }

  /**
   * Replaces the HTTP parser's listener. Until the parser's next chunk it is not certain that the parser is between two
   * requests.
   */
  #begin(socket: Socket): RepeatedConnection | undefined {
    const [parse, ...others] = socket.listeners('data') as ((chunk: Buffer) => void)[];
    if (!(socket instanceof Socket) || socket.destroyed || parse === undefined || others.length > 0) return undefined;
    const connection = new RepeatedConnection(socket, this, parse);
    this.#connections.set(socket, connection);
    // A second listener would make Node's parser leave the socket's handle, from which it reads otherwise.
    socket.on('data', (chunk: Buffer) => connection.take(chunk));
    socket.removeListener('data', parse);
    return connection;
  }
}

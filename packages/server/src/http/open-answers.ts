import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@rollcall/core';
import type { FastifyInstance } from 'fastify';
import { answerCheckMs, closeGraceMs, maxPipelined, stalledAnswerMs } from '../server-options.ts';

interface OpenAnswer {
  readonly index: number;
  /** The stream in which the bytes of the answer wait. */
  readonly stream: ServerResponse | Socket;
  readonly socket: Socket;
  /** When data last moved over the socket. */
  bytesWritten: number;
  movedAt: number;
}

/**
 * The requests whose answers are not finished. A close waits for exactly these, for a while. A client that does not
 * read is cut off when its backlog has not moved for several heartbeats.
 */
export class OpenAnswers {
  readonly #app: FastifyInstance;
  readonly #clock: Clock;
  /**
   * An array instead of a `Set`, which would keep garbage alive: when its table is full of deleted entries, V8 makes a
   * new table and lets the old one point to it. So an old table that is garbage itself still holds every answer that
   * was open when it was replaced.
   */
  readonly #open: (OpenAnswer | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #perSocket = new WeakMap<Socket, number>();
  #cancelCheck: (() => void) | undefined;
  #onIdle: (() => void) | undefined;
  #isClosing = false;

  constructor(app: FastifyInstance, clock: Clock) {
    this.#app = app;
    this.#clock = clock;
    app.addHook('onRequest', (request, reply, done) => {
      if (this.#admit(request.raw, reply.raw)) done();
    });
  }

  /** Whether the server is being closed. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Counts an answer that was written directly to a socket as open until its client has read all of it. */
  unread(socket: Socket): void {
    const answer = this.#begin(socket, socket);
    // Called when the client has taken everything before it, or the socket is closed.
    socket.write('', () => this.#closed(answer));
  }

  /**
   * Stops accepting, lets requests under way finish for `closeGraceMs`, then closes every connection. A browser or a
   * pool may hold a connection without any request on it, which Node counts as busy.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    const end = (): void => {
      cancelGrace();
      this.#app.server.closeAllConnections();
    };
    const cancelGrace = this.#clock.setTimer(closeGraceMs, end);
    this.#onIdle = end;
    const closed = this.#app.close();
    if (this.#isIdle) end();
    await closed;
    cancelGrace();
    this.#cancelCheck?.();
  }

  get #isIdle(): boolean {
    return this.#free.length === this.#open.length;
  }

  #admit({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if ((this.#perSocket.get(socket) ?? 0) >= maxPipelined) {
      socket.destroy();
      return false;
    }
    const answer = this.#begin(socket, response);
    response.once('close', () => this.#closed(answer));
    return true;
  }

  #begin(socket: Socket, stream: OpenAnswer['stream']): OpenAnswer {
    this.#perSocket.set(socket, (this.#perSocket.get(socket) ?? 0) + 1);
    const index = this.#free.pop() ?? this.#open.length;
    const answer = { index, stream, socket, bytesWritten: 0, movedAt: this.#clock.now() };
    this.#open[index] = answer;
    this.#cancelCheck ??= this.#clock.setTimer(answerCheckMs, () => this.#check());
    return answer;
  }

  #closed(answer: OpenAnswer): void {
    this.#open[answer.index] = undefined;
    this.#free.push(answer.index);
    this.#perSocket.set(answer.socket, (this.#perSocket.get(answer.socket) ?? 1) - 1);
    if (this.#isIdle) this.#onIdle?.();
  }

  #check(): void {
    const now = this.#clock.now();
    for (const answer of this.#open) {
      if (answer === undefined) continue;
      const { bytesWritten } = answer.socket;
      const waits = answer.stream.writableLength > 0;
      if (!waits || bytesWritten !== answer.bytesWritten) {
        answer.bytesWritten = bytesWritten;
        answer.movedAt = now;
      } else if (now - answer.movedAt >= stalledAnswerMs) answer.socket.destroy();
    }
    this.#cancelCheck = this.#isIdle ? undefined : this.#clock.setTimer(answerCheckMs, () => this.#check());
  }
}

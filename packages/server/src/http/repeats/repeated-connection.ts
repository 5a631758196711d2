import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Caller } from '../../access/caller.ts';
import type { RepeatableRoute, RepeatedAnswer, RepeatedRequest } from './repeatable-route.ts';
import { isReadAlike, RepeatedHead, readWritten, type WrittenRequest } from './written-request.ts';

/** A request that the framework admitted and answered with 200. */
export interface Admitted {
  readonly route: RepeatableRoute;
  readonly method: string;
  /** The pattern of the route, as in the table of routes. */
  readonly path: string;
  readonly caller: Caller;
  readonly secret: string | undefined;
  readonly isValid: (value: unknown) => boolean;
}

interface Learned {
  readonly head: RepeatedHead;
  readonly admitted: Admitted;
  /** The head without the target's fixed and varying parts. Heads with the same rest are learned once. */
  readonly rest: string;
}

/** What the connections of a server share. */
export interface RepeatedShared {
  /** Whether any requests are answered here, and whether those of this caller on this socket are. */
  isServed(caller: Caller, socket: Socket): boolean;
  now(): number;
  /** Sends an answer; `beganAt`: when the request arrived. */
  send(socket: Socket, answer: RepeatedAnswer, admitted: Admitted, beganAt: number): void;
}

/** Heads that a connection remembers: one for each kind of request that a client repeats. */
const maxLearned = 4;
/** A chunk longer than this goes to the parser, so that its body does not hold up other requests. Bytes. */
const maxChunkBytes = 16_384;

/**
 * Stands between a socket and its HTTP parser. A chunk that is exactly one request whose head the framework has
 * admitted on this connection is answered here; every other chunk goes to the parser as it came. A chunk is answered
 * here only while the parser stands between two requests and no answer is open, which is known in one way alone: the
 * last chunk that the parser was given made exactly one request, the parser read that request to its last byte as it is
 * written, and its answer has been sent.
 */
export class RepeatedConnection {
  readonly #socket: Socket;
  readonly #shared: RepeatedShared;
  readonly #parse: (chunk: Buffer) => void;
  /** The learned heads, the last used one first. */
  #learned: readonly Learned[] = [];
  /** The requests that the parser made of the present chunk. */
  #requests: IncomingMessage[] = [];
  /** The request of the last chunk for the parser, if the chunk held exactly that request. */
  #last: { readonly written: WrittenRequest; readonly request: IncomingMessage } | undefined;
  #isAnswered = false;

  /** `parse` gives a chunk to the HTTP parser. */
  constructor(socket: Socket, shared: RepeatedShared, parse: (chunk: Buffer) => void) {
    this.#socket = socket;
    this.#shared = shared;
    this.#parse = parse;
  }

  /** Takes a chunk from the socket. */
  take(chunk: Buffer): void {
    if (this.#isAnswered && this.#answers(chunk)) return;
    this.#isAnswered = false;
    this.#last = undefined;
    this.#requests = [];
    this.#parse(chunk);
    const [request, ...more] = this.#requests;
    this.#requests = [];
    if (request === undefined || more.length > 0 || chunk.length > maxChunkBytes) return;
    const written = readWritten(chunk);
    if (written !== undefined && isReadAlike(written, request)) this.#last = { written, request };
  }

  /** Notes a request that the parser has made. */
  made(request: IncomingMessage): void {
    this.#requests.push(request);
  }

  /** Learns a request that was answered with 200. Node sends answers in order, so all earlier answers are sent too. */
  answered(request: IncomingMessage, admitted: Admitted): void {
    if (this.#last?.request !== request) return;
    const { written } = this.#last;
    this.#last = undefined;
    this.#isAnswered = true;
    const fixed = fixedOf(admitted.path);
    if (!written.target.startsWith(fixed)) return;
    const learned = { head: new RepeatedHead(written, fixed, admitted.route.varies), admitted, rest: written.rest };
    const others = this.#learned.filter(
      ({ admitted: { route }, rest }) => route !== admitted.route || rest !== learned.rest,
    );
    this.#learned = [learned, ...others.slice(0, maxLearned - 1)];
  }

  /** Answers a chunk without the parser. Returns false when the chunk must go to the parser. */
  #answers(chunk: Buffer): boolean {
    const socket = this.#socket;
    // A client that does not read its answers is noted and cut off, like a client of the framework's answers.
    if (chunk.length > maxChunkBytes || !socket.writable || socket.writableLength > 0) return false;
    for (const learned of this.#learned) {
      const varying = learned.head.match(chunk);
      if (varying === null) continue;
      if (this.#learned[0] !== learned) this.#learned = [learned, ...this.#learned.filter((one) => one !== learned)];
      return this.#answersAs(learned, varying, chunk);
    }
    return false;
  }

  #answersAs({ admitted, head }: Learned, varying: RegExpExecArray, chunk: Buffer): boolean {
    const { route, caller, secret, isValid } = admitted;
    const shared = this.#shared;
    if (!shared.isServed(caller, this.#socket)) return false;
    const beganAt = shared.now();
    const request: RepeatedRequest = { varying, body: chunk.subarray(head.bodyFrom(chunk)), caller, secret, isValid };
    const answer = answerOf(route, request);
    if (answer === undefined) return false;
    shared.send(this.#socket, answer, admitted, beganAt);
    return true;
  }
}

/** The answer of a route; undefined after an exception, which the handler throws again and reports. */
function answerOf(route: RepeatableRoute, request: RepeatedRequest): RepeatedAnswer | undefined {
  try {
    return route.answer(request);
  } catch {
    return undefined;
  }
}

/** The part of the target that is the same for all requests of a route. */
function fixedOf(path: string): string {
  const parameter = path.indexOf(':');
  return parameter < 0 ? path : path.slice(0, parameter);
}

import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '@rollcall/core';
import {
  freeBodyBytes,
  maxUnfinishedBodies,
  maxUnfinishedBytes,
  requestTimeoutMs,
  youngBodyMs,
} from '../server-options.ts';
import { type Refusal, refusal } from './refusal.ts';

/** A body that has not arrived completely. */
interface Unfinished {
  /**
   * Holds the bytes, so it is emptied at the end: V8 keeps the old table of a growing set until its next full
   * collection, and that table still has the body.
   */
  fail: (cause: Refusal) => void;
  /** The bytes that the body takes of the shared room. */
  charged: number;
  readonly beganAt: number;
}

/**
 * Reads bodies. Each is bounded by the limit of its route and in time; all together are bounded in number and in bytes.
 * When the shared room is full, the slowest body is cut off; if all bodies are young, the new one is refused.
 */
export class Bodies {
  readonly #clock: Clock;
  readonly #unfinished = new Set<Unfinished>();
  #charged = 0;
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects with a refusal: 400 for a client that closed the connection, 408, 413, 503. */
  read(stream: IncomingMessage, limit: number): Promise<Buffer> {
    const length =
      stream.headers['content-length'] === undefined ? undefined : Number(stream.headers['content-length']);
    if (length !== undefined && length > limit) return Promise.reject(tooLarge(limit));
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const settle = (then: () => void): void => {
        cancel();
        stream.off('data', take).off('end', end).off('close', gone).off('error', gone);
        this.#unfinished.delete(body);
        body.fail = settled;
        this.#charged -= body.charged;
        then();
      };
      const fail = (cause: Refusal): void => settle(() => reject(cause));
      const gone = (): void => fail(refusal(400, 'the client went away'));
      const end = (): void => settle(() => resolve(Buffer.concat(chunks, bytes)));
      const take = (chunk: Buffer): void => {
        bytes += chunk.length;
        if (bytes > limit) fail(tooLarge(limit));
        else if (this.#makeRoom(body, bytes)) chunks.push(chunk);
        else fail(refusal(503, 'too many requests are arriving at once; try again'));
      };
      const cancel = this.#clock.setTimer(requestTimeoutMs, () => fail(late()));
      const body: Unfinished = { fail, charged: 0, beganAt: this.#clock.now() };
      // A small body costs no more than the headers of a request.
      if (length === undefined || length > freeBodyBytes) this.#unfinished.add(body);
      if (this.#unfinished.size > maxUnfinishedBodies && !this.#cutOldest(body)) {
        fail(refusal(503, 'too many requests are arriving at once; try again'));
        return;
      }
      stream.on('data', take).once('end', end).once('close', gone).once('error', gone);
    });
  }

  /** Resolves when it is the turn of a large body to be parsed. After each large body the server does other work first. */
  turn(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(() => setImmediate());
    return this.#lastTurn;
  }

  /** Whether a body may grow to `bytes`. Its first bytes are free, so that small bodies pass when the room is full. */
  #makeRoom(body: Unfinished, bytes: number): boolean {
    const charge = Math.max(0, bytes - freeBodyBytes);
    this.#charged += charge - body.charged;
    body.charged = charge;
    while (charge > 0 && this.#charged > maxUnfinishedBytes) if (!this.#cutOldest(body)) return false;
    return true;
  }

  /** Cuts off the slowest body, but not `except`. False: all bodies are young. */
  #cutOldest(except: Unfinished): boolean {
    // A set keeps the order in which the bodies began.
    for (const body of this.#unfinished) {
      if (body === except) continue;
      if (this.#clock.now() - body.beganAt < youngBodyMs) return false;
      body.fail(late());
      return true;
    }
    return false;
  }
}

const settled = (): void => {};
const tooLarge = (limit: number): Refusal =>
  refusal(413, `the body is larger than ${limit} bytes: send it in several requests`);
const late = (): Refusal => refusal(408, 'the request did not arrive in time: send it again');

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'vitest';

/** An answer as it came, without the date. */
export interface Heard {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A connection on which a test writes what it likes and reads whole answers. */
export class Talk {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #bytes = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket.setNoDelay().on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
  }

  static async open(port: number, tls?: { readonly ca: string }): Promise<Talk> {
    const socket = tls === undefined ? connect(port, '127.0.0.1') : connectTls({ host: '127.0.0.1', port, ...tls });
    await once(socket, tls === undefined ? 'connect' : 'secureConnect');
    return new Talk(socket);
  }

  /** The text that has arrived so far. */
  text(): string {
    return this.#bytes.toString('latin1');
  }

  /** The answers that have arrived whole so far. */
  heard(): Heard[] {
    const answers: Heard[] = [];
    for (let rest = this.#bytes; ; ) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return answers;
      const head = rest.toString('latin1', 0, end);
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      const isInterim = head.startsWith('HTTP/1.1 1');
      if (rest.length < end + 4 + length) return answers;
      const body = rest.toString('utf8', end + 4, end + 4 + length);
      if (!isInterim)
        answers.push({ status: Number(head.slice(9, 12)), head: head.replace(/^date: .*\r\n/im, ''), body });
      rest = rest.subarray(end + 4 + length);
      // An empty answer in chunks has this end.
      if (rest.toString('latin1', 0, 5) === '0\r\n\r\n') rest = rest.subarray(5);
    }
  }

  /** Writes a request and reads its answer. */
  async ask(bytes: string | Buffer): Promise<Heard> {
    const count = this.heard().length;
    this.socket.write(bytes);
    return (await this.until(count + 1)).at(-1)!;
  }

  /** Asks until the server has learned the head, so that the next request with this head may skip the parser. */
  async teach(bytes: string | Buffer): Promise<Heard> {
    await this.ask(bytes);
    return this.ask(bytes);
  }

  /** Resolves when `count` answers have arrived. */
  async until(count: number): Promise<Heard[]> {
    await expect.poll(() => this.heard().length, { timeout: 20_000, interval: 2 }).toBeGreaterThanOrEqual(count);
    return this.heard();
  }

  /** Resolves with all answers when the connection is closed. */
  async untilClosed(): Promise<Heard[]> {
    await this.closed;
    return this.heard();
  }
}

/** A request without a body. */
export const bare = (method: string, target: string, ...headers: string[]): string =>
  [`${method} ${target} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n');

/** A request with JSON. */
export const json = (method: string, target: string, body: unknown, ...headers: string[]): string => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const own = ['Host: 127.0.0.1', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`];
  return [`${method} ${target} HTTP/1.1`, ...own, ...headers, '', text].join('\r\n');
};

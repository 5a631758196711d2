import { once } from 'node:events';
import { connect } from 'node:net';

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');

/** One HTTP/1.1 connection with one request at a time: as cheap as it can be, so that the load does not decide the figure. */
export class HttpLane {
  #socket;
  /** @type {Buffer} */
  #buffer = Buffer.alloc(0);
  /** @type {{ resolve: (answer: { status: number, head: string, body: Buffer }) => void, reject: (cause: Error) => void } | undefined} */
  #waiting;

  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    this.#socket = socket.setNoDelay();
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (cause) => this.#waiting?.reject(cause));
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
  }

  /** @param {number} port */
  static async open(port) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new HttpLane(socket);
  }

  /** @param {string} method @param {string} path @param {string} [body] @returns {Promise<{ status: number, head: string, body: Buffer }>} */
  ask(method, path, body) {
    const length =
      body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
    this.#socket.write(`${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${length}\r\n${body ?? ''}`);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Like {@link HttpLane.ask}; throws unless the answer is 200. @param {string} method @param {string} path @param {string} [body] */
  async done(method, path, body) {
    const answer = await this.ask(method, path, body);
    if (answer.status !== 200)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString().slice(0, 200)}`);
    return answer.body;
  }

  close() {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const end = this.#buffer.indexOf(headEnd);
    if (end === -1) return;
    const head = this.#buffer.toString('latin1', 0, end);
    const from = end + 4;
    const length = /content-length: *(\d+)/i.exec(head)?.[1];
    const isWhole =
      length === undefined
        ? this.#buffer.subarray(Math.max(from - 2, this.#buffer.length - lastChunk.length)).equals(lastChunk)
        : this.#buffer.length >= from + Number(length);
    if (!isWhole) return;
    const answer = { status: Number(head.slice(9, 12)), head, body: this.#buffer.subarray(from) };
    this.#buffer = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }
}

/** An endless answer: `onData` is given all that comes. @param {number} port @param {string} path @param {(chunk: Buffer) => void} onData */
export async function openStream(port, path, onData) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('data', onData).on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  return () => void socket.destroy();
}

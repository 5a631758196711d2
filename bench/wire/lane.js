import { once } from 'node:events';
import { connect } from 'node:net';

/** @typedef {(bytes: Buffer, from: number) => number} EndOf Answers where the answer that begins at `from` ends; -1 while it is incomplete. */

const empty = Buffer.alloc(0);

/** One connection with one request at a time. It costs little CPU, so that the load does not limit the figure. */
export class Lane {
  #socket;
  #port;
  #endOf;
  #isAside;
  /** @type {Buffer} */
  #buffer = empty;
  #expected = 0;
  /** Where the next answer begins. */
  #from = 0;
  /** @type {((answers: Buffer) => void) | undefined} */
  #resolve;
  /** @type {(cause: Error) => void} */
  #reject = () => {};

  /** @param {import('node:net').Socket} socket @param {EndOf} endOf @param {(bytes: Buffer, from: number, socket: import('node:net').Socket) => boolean} isAside Whether bytes are no answer. */
  constructor(socket, endOf, isAside) {
    this.#endOf = endOf;
    this.#isAside = isAside;
    this.#port = socket.remotePort ?? 0;
    this.#socket = this.#use(socket);
  }

  /** @param {import('node:net').Socket} socket */
  #use(socket) {
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (cause) => this.#fail(cause));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
    return socket;
  }

  /** @param {number} port @param {EndOf} endOf @param {(bytes: Buffer, from: number, socket: import('node:net').Socket) => boolean} [isAside] */
  static async open(port, endOf, isAside = () => false) {
    return new Lane(await dial(port), endOf, isAside);
  }

  /** Resolves with the bytes of all answers. @param {string | Buffer} question @param {number} [answers] The number of answers. @returns {Promise<Buffer>} */
  async ask(question, answers = 1) {
    // A server ends a connection that was idle for long.
    if (this.#socket.destroyed) this.#socket = this.#use(await dial(this.#port));
    this.#expected = answers;
    return new Promise((resolve, reject) => {
      [this.#resolve, this.#reject] = [resolve, reject];
      this.#socket.write(question);
    });
  }

  /** Sends bytes that the server does not answer. @param {string} bytes */
  tell(bytes) {
    this.#socket.write(bytes);
  }

  close() {
    this.#resolve = undefined;
    this.#socket.destroy();
  }

  /** @param {Error} cause */
  #fail(cause) {
    if (this.#resolve === undefined) return;
    this.#resolve = undefined;
    this.#reject(cause);
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#from < this.#buffer.length) {
      const end = this.#endOf(this.#buffer, this.#from);
      if (end === -1) return;
      if (!this.#isAside(this.#buffer, this.#from, this.#socket)) this.#expected -= 1;
      this.#from = end;
    }
    if (this.#expected > 0) return;
    const [answers, resolve] = [this.#buffer, this.#resolve];
    [this.#buffer, this.#from, this.#resolve] = [empty, 0, undefined];
    resolve?.(answers);
  }
}

/** Opens a connection on which the server keeps sending; `onData` receives every chunk. @param {number} port @param {string | Buffer} question @param {(chunk: Buffer) => void} onData */
export async function openFeed(port, question, onData) {
  const socket = await dial(port);
  socket.on('data', onData).on('error', () => {});
  socket.write(question);
  return {
    /** @param {string | Buffer} bytes */
    send: (bytes) => void socket.write(bytes),
    stop: () => void socket.destroy(),
  };
}

/** @param {number} port */
async function dial(port) {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
  return socket;
}

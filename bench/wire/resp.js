import { once } from 'node:events';
import { connect } from 'node:net';

/** A command of Redis. @param {readonly (string | number)[]} words */
export const command = (...words) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(`${word}`)}\r\n${word}\r\n`).join('')}`;

/** Where the reply that begins at `from` ends; -1: it has not arrived whole. @param {Buffer} bytes @param {number} from @returns {number} */
function endOf(bytes, from) {
  const line = bytes.indexOf('\r\n', from);
  if (line === -1) return -1;
  const type = bytes[from];
  if (type === 0x3a || type === 0x2b || type === 0x2d) return line + 2;
  const count = Number(bytes.toString('latin1', from + 1, line));
  if (type === 0x24) {
    const end = count === -1 ? line + 2 : line + 2 + count + 2;
    return end <= bytes.length ? end : -1;
  }
  let end = line + 2;
  for (let item = 0; item < count && end !== -1; item += 1) end = end >= bytes.length ? -1 : endOf(bytes, end);
  return end;
}

/** One connection to Redis with one pipeline at a time. */
export class RespLane {
  #socket;
  /** @type {Buffer} */
  #buffer = Buffer.alloc(0);
  #expected = 0;
  #from = 0;
  /** @type {(replies: Buffer) => void} */
  #resolve = () => {};

  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    this.#socket = socket.setNoDelay();
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#take(chunk));
  }

  /** @param {number} port */
  static async open(port) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RespLane(socket);
  }

  /** A connection that is sent to without being asked. @param {number} port @param {string} commands @param {(chunk: Buffer) => void} onData */
  static async subscribe(port, commands, onData) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {}).on('data', onData);
    socket.write(commands);
    return socket;
  }

  /** Sends commands; resolves with the bytes of all replies. @param {string} commands @param {number} count @returns {Promise<Buffer>} */
  send(commands, count = 1) {
    this.#expected = count;
    this.#from = 0;
    this.#buffer = Buffer.alloc(0);
    this.#socket.write(commands);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  close() {
    this.#socket.destroy();
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#expected > 0) {
      const end = endOf(this.#buffer, this.#from);
      if (end === -1) return;
      this.#from = end;
      this.#expected -= 1;
    }
    this.#resolve(this.#buffer);
  }
}

import { Lane, openFeed } from './lane.js';

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');

/** @type {import('./lane.js').EndOf} A connection carries one answer at a time. */
function endOf(bytes, from) {
  const end = bytes.indexOf(headEnd, from);
  if (end === -1) return -1;
  const length = /content-length: *(\d+)/i.exec(bytes.toString('latin1', from, end))?.[1];
  if (length !== undefined) {
    const whole = end + 4 + Number(length);
    return bytes.length >= whole ? whole : -1;
  }
  return bytes.subarray(Math.max(end + 2, bytes.length - lastChunk.length)).equals(lastChunk) ? bytes.length : -1;
}

/** @param {string} method @param {string} path @param {string} [body] */
const request = (method, path, body) => {
  const length =
    body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${length}\r\n${body ?? ''}`;
};

/** One HTTP/1.1 connection with one request at a time. */
export class HttpLane {
  #lane;

  /** @param {Lane} lane */
  constructor(lane) {
    this.#lane = lane;
  }

  /** @param {number} port */
  static async open(port) {
    return new HttpLane(await Lane.open(port, endOf));
  }

  /** Returns head and body, one after the other; throws unless the status is 200. @param {string} method @param {string} path @param {string} [body] */
  async done(method, path, body) {
    const answer = await this.#lane.ask(request(method, path, body));
    // 200: the digits of the status line.
    if (answer[9] !== 0x32 || answer[10] !== 0x30 || answer[11] !== 0x30)
      throw new Error(`${method} ${path}: ${answer.toString('latin1', 0, 1_000)}`);
    return answer;
  }

  close() {
    this.#lane.close();
  }
}

/** Returns the body: the bytes after the head. @param {Buffer} answer */
export const bodyOf = (answer) => answer.subarray(answer.indexOf(headEnd) + 4);

/** Opens a request whose answer does not end. @param {number} port @param {string} path @param {(chunk: Buffer) => void} onData */
export const openStream = async (port, path, onData) => (await openFeed(port, request('GET', path), onData)).stop;

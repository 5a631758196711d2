import { Lane } from './lane.js';

/** Finds the end of a message or a line of NATS. @type {import('./lane.js').EndOf} */
function endOf(bytes, from) {
  const line = bytes.indexOf('\r\n', from);
  if (line === -1) return -1;
  const first = bytes[from];
  // The lines of MSG and HMSG end with the number of bytes that follow.
  if (first !== 0x4d && first !== 0x48) return line + 2;
  const size = Number(bytes.toString('latin1', bytes.lastIndexOf(' ', line) + 1, line));
  const end = line + 2 + size + 2;
  return end <= bytes.length ? end : -1;
}

const greeting = 'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n';

/** @param {string} subject @param {string} reply @param {string} payload */
export const publish = (subject, reply, payload) =>
  `PUB ${subject} ${reply} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`;

let inboxes = 0;

/** One connection to NATS, with an inbox of its own for the answers to its requests. */
export class NatsLane {
  #lane;
  /** The subject that receives the answers. */
  inbox = `_INBOX.bench${process.pid}.${inboxes++}`;

  /** @param {Lane} lane */
  constructor(lane) {
    this.#lane = lane;
    lane.tell(this.hello());
  }

  /** @param {number} port */
  static async open(port) {
    const isAside = (
      /** @type {Buffer} */ bytes,
      /** @type {number} */ from,
      /** @type {import('node:net').Socket} */ socket,
    ) => {
      const first = bytes[from];
      if (first === 0x4d || first === 0x48) return false;
      // The remaining lines are PING (0x50), -ERR (0x2d) and INFO.
      if (first === 0x50) socket.write('PONG\r\n');
      if (first === 0x2d) socket.destroy(new Error(bytes.toString('latin1', from, from + 200)));
      return true;
    };
    return new NatsLane(await Lane.open(port, endOf, isAside));
  }

  /** The first lines that the client sends on a connection. */
  hello() {
    return `${greeting}SUB ${this.inbox} 1\r\n`;
  }

  /** @param {string} question Commands that name the inbox for their answers. @param {number} [answers] */
  ask(question, answers) {
    return this.#lane.ask(question, answers);
  }

  /** Sends a request to the API of JetStream; throws when the server refuses it. @param {string} subject @param {unknown} [body] */
  async call(subject, body) {
    const answer = await this.ask(publish(subject, this.inbox, body === undefined ? '' : JSON.stringify(body)));
    if (answer.includes('"error":{') || answer.includes('NATS/1.0 503')) throw new Error(`${subject}: ${answer}`);
    return answer;
  }

  close() {
    this.#lane.close();
  }
}

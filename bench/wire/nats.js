import { Lane } from './lane.js';

/** Of a message or a line of NATS. @type {import('./lane.js').EndOf} */
function endOf(bytes, from) {
  const line = bytes.indexOf('\r\n', from);
  if (line === -1) return -1;
  const first = bytes[from];
  // MSG and HMSG end with how many bytes follow.
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

/** One connection to NATS: requests and their answers, which come to an inbox of its own. */
export class NatsLane {
  #lane;
  /** Where answers come. */
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
      // PING, INFO, -ERR.
      if (first === 0x50) socket.write('PONG\r\n');
      if (first === 0x2d) socket.destroy(new Error(bytes.toString('latin1', from, from + 200)));
      return true;
    };
    return new NatsLane(await Lane.open(port, endOf, isAside));
  }

  /** What a connection begins with. */
  hello() {
    return `${greeting}SUB ${this.inbox} 1\r\n`;
  }

  /** @param {string} question Commands that name the inbox for their answers. @param {number} [answers] */
  ask(question, answers) {
    return this.#lane.ask(question, answers);
  }

  /** A request to the API of JetStream; throws when it is refused. @param {string} subject @param {unknown} [body] */
  async call(subject, body) {
    const answer = await this.ask(publish(subject, this.inbox, body === undefined ? '' : JSON.stringify(body)));
    if (answer.includes('"error":{') || answer.includes('NATS/1.0 503')) throw new Error(`${subject}: ${answer}`);
    return answer;
  }

  close() {
    this.#lane.close();
  }
}

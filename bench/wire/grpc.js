import { connect, constants } from 'node:http2';

/** Encodes a Protobuf message by hand, from fields of numbers, bytes and messages. @param {readonly (readonly [number, number | string | Buffer])[]} fields */
export function message(...fields) {
  const parts = fields.flatMap(([field, value]) => {
    if (typeof value === 'number') return [varint(field << 3), varint(value)];
    const bytes = Buffer.from(value);
    return [varint((field << 3) | 2), varint(bytes.length), bytes];
  });
  return Buffer.concat(parts);
}

/** @param {number} value */
function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

/** Reads the numbers at the top level of a message, by field. @param {Buffer} bytes @returns {Map<number, number>} */
export function numbersOf(bytes) {
  const numbers = new Map();
  let at = 0;
  const read = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = read();
    const value = read();
    if ((tag & 7) === 2) at += value;
    else numbers.set(tag >> 3, value);
  }
  return numbers;
}

/** Adds the gRPC prefix to a message. @param {Buffer} bytes */
export function frame(bytes) {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

const headersOf = (/** @type {string} */ path) => ({
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: path,
  'content-type': 'application/grpc',
  te: 'trailers',
});

/** One connection, which makes one call after another. */
export class GrpcLane {
  #session;

  /** @param {number} port */
  constructor(port) {
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on('error', () => {});
  }

  /** @param {string} path @param {Buffer} request @returns {Promise<Buffer>} */
  call(path, request) {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request(headersOf(path));
      /** @type {Buffer[]} */
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('trailers', ({ 'grpc-status': status, 'grpc-message': text }) => {
        if (`${status}` !== '0') reject(new Error(`${path}: ${status} ${text}`));
      });
      stream.on('error', reject);
      stream.on('end', () => resolve(Buffer.concat(chunks).subarray(5)));
      stream.end(frame(request));
    });
  }

  close() {
    this.#session.destroy();
  }
}

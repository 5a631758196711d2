import { openFeed } from './lane.js';

const [data, headers, settings, ping, windowUpdate] = [0, 1, 4, 6, 8];

/** Encodes a frame of HTTP/2. @param {number} type @param {number} flags @param {number} stream @param {Buffer} payload */
function frameOf(type, flags, stream, payload) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** @param {string} value */
const text = (value) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);

/** The windows are as large as HTTP/2 allows, since the client never sends window updates for received data. @param {string} path */
const opening = (path) =>
  Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frameOf(settings, 0, 0, Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff])),
    frameOf(windowUpdate, 0, 0, Buffer.from([0x7f, 0xff, 0, 0])),
    frameOf(
      headers,
      4,
      1,
      Buffer.concat([
        // The first two bytes are POST and http; the rest are values that the static table of HPACK lacks.
        ...[Buffer.from([0x83, 0x86, 0x04]), text(path), Buffer.from([0x01]), text('localhost')],
        ...[Buffer.from([0x0f, 0x10]), text('application/grpc'), Buffer.from([0]), text('te'), text('trailers')],
      ]),
    ),
  ]);

/**
 * Opens one gRPC stream on a connection of its own, by hand: a session of node:http2 costs this process ten times as
 * much, and there are thousands of watchers. `onMessage` receives each message. @param {number} port @param {string} path
 * @param {(message: Buffer) => void} onMessage
 */
export async function openGrpcStream(port, path, onMessage) {
  /** @type {Buffer} */
  let buffer = Buffer.alloc(0);
  /** @type {Buffer} */
  let messages = Buffer.alloc(0);
  const take = (/** @type {Buffer} */ payload) => {
    messages = messages.length === 0 ? payload : Buffer.concat([messages, payload]);
    while (messages.length >= 5 && messages.length >= 5 + messages.readUInt32BE(1)) {
      const end = 5 + messages.readUInt32BE(1);
      onMessage(messages.subarray(5, end));
      messages = messages.subarray(end);
    }
  };
  const { send, stop } = await openFeed(port, opening(path), (chunk) => {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    while (buffer.length >= 9 && buffer.length >= 9 + buffer.readUIntBE(0, 3)) {
      const end = 9 + buffer.readUIntBE(0, 3);
      const [type, isAnswer] = [buffer[3], ((buffer[4] ?? 0) & 1) === 1];
      const payload = buffer.subarray(9, end);
      if (type === data) take(payload);
      else if (type === settings && !isAnswer) send(frameOf(settings, 1, 0, Buffer.alloc(0)));
      else if (type === ping && !isAnswer) send(frameOf(ping, 1, 0, payload));
      buffer = buffer.subarray(end);
    }
  });
  return { write: (/** @type {Buffer} */ message) => send(frameOf(data, 0, 1, message)), stop };
}

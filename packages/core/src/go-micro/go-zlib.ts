/**
 * zlib as Go's `compress/zlib` writes it: a block that is not final, then an empty stored block that is. Any reader
 * takes both forms, but go-micro users filter by a whole tag, which needs the same bytes.
 */
import { constants, deflateRawSync, deflateSync, inflateRawSync, inflateSync } from 'node:zlib';

/** Largest text that is read. Bytes. */
const maxTextBytes = 1_048_576;

/**
 * Go pads to a byte before the empty stored block, so the block's first bit lies in one of the two bytes before the
 * length.
 */
const lengthBytes = 4;
const headerBits = 16;
const zlibHeader = Buffer.from([0x78, 0x9c]);

function adler32(data: Buffer): Buffer {
  let [a, b] = [1, 0];
  for (const byte of data) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(((b << 16) | a) >>> 0);
  return sum;
}

function isWhole(raw: Buffer, payload: Buffer): boolean {
  try {
    return inflateRawSync(raw).equals(payload);
  } catch {
    return false;
  }
}

/**
 * Makes a stream that ends with Node's sync flush final, as Go does. Nothing tells at which bit the header of the last
 * block begins, so each candidate bit is tried; only one makes a whole stream.
 */
function finalize(flushed: Buffer, payload: Buffer): Buffer | undefined {
  const end = (flushed.length - lengthBytes) * 8;
  for (let bit = end - 1; bit >= Math.max(0, end - headerBits); bit -= 1) {
    const mask = 1 << (bit % 8);
    const byte = flushed[bit >> 3] ?? 0;
    if ((byte & mask) !== 0) continue;
    flushed[bit >> 3] = byte | mask;
    if (isWhole(flushed, payload)) return flushed;
    flushed[bit >> 3] = byte;
  }
  return undefined;
}

/** Lower-case hex of the zlib stream, with Go's bytes wherever both compressors choose the same blocks. */
export function encodeGo(text: string): string {
  const payload = Buffer.from(text);
  const raw = finalize(deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }), payload);
  const stream = raw === undefined ? deflateSync(payload) : Buffer.concat([zlibHeader, raw, adler32(payload)]);
  return stream.toString('hex');
}

/** Lower-case hex of an ordinary zlib stream. */
export function encodeZlib(text: string): string {
  return deflateSync(Buffer.from(text)).toString('hex');
}

/** The text in a hex zlib stream; undefined for anything else, and for a stream of more than a mebibyte of text. */
export function decodeZlib(hex: string): string | undefined {
  if (!/^(?:[0-9a-f]{2})+$/i.test(hex)) return undefined;
  try {
    return inflateSync(Buffer.from(hex, 'hex'), { maxOutputLength: maxTextBytes }).toString('utf8');
  } catch {
    return undefined;
  }
}

import { isUtf8 } from 'node:buffer';
import { refusal } from './refusal.ts';

/** A body smaller than this is parsed in a few milliseconds, whatever it holds. Bytes. */
export const smallBytes = 65_536;
/** Most objects, arrays and further items of a body. A parser needs up to 2 us for each, and the server stands still meanwhile. */
const maxItems = 100_000;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const openBrace = 0x7b;

/** Whether a body holds more items than the parser can take without stopping the server for long. */
function hasTooManyItems(body: Buffer): boolean {
  let items = 0;
  let inText = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index];
    if (inText) {
      if (byte === backslash) index += 1;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === comma || byte === openBracket || byte === openBrace) items += 1;
    if (items > maxItems) return true;
  }
  return false;
}

/** The JSON of a body; throws a refusal with 400 or 413. */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) throw refusal(400, 'the body is empty; JSON is expected');
  if (!isUtf8(body)) throw refusal(400, 'the body must be UTF-8');
  if (body.length > smallBytes && hasTooManyItems(body))
    throw refusal(413, `the body holds more than ${maxItems} items; send several requests`);
  try {
    // `__proto__` is a metadata key like any other: parsed values are copied by spread, never merged.
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (cause) {
    throw refusal(400, `the body must be JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

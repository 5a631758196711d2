/** Encodes a command of Redis. @param {readonly (string | number)[]} words */
export const command = (...words) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(`${word}`)}\r\n${word}\r\n`).join('')}`;

/** Finds the end of a reply of Redis. @type {import('./lane.js').EndOf} */
export function endOfReply(bytes, from) {
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
  for (let item = 0; item < count && end !== -1; item += 1) end = end >= bytes.length ? -1 : endOfReply(bytes, end);
  return end;
}

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which a test writes what it likes. */
export interface Raw {
  readonly socket: Socket;
  /** The text that has arrived so far. */
  text(): string;
  /** Resolves when the other side has closed the connection. */
  readonly closed: Promise<void>;
}

/** Opens a connection; with `paused` it reads nothing. */
export async function raw(port: number, bytes: string | Buffer, paused = false): Promise<Raw> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  let text = '';
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');
  if (paused) socket.pause();
  else
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
  socket.write(bytes);
  return { socket, text: () => text, closed };
}

/** The head of a request with JSON. */
export const head = (method: string, path: string, length: number): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

/** The head of a watch. */
export const watchHead = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

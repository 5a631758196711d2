import type { ServerResponse } from 'node:http';
import { SharedBytes } from './shared-bytes.ts';

/**
 * Where a watch writes. Bytes that are shared go straight to the socket when nothing waits in front of them: the
 * response would make a chunk of four parts of them, for each watch anew (docs/design/watch.md).
 */
export class WatchOutlet {
  readonly #response: ServerResponse;
  /** The response sends its headers with its first bytes, so these must go through it. */
  #hasHeaders = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Bytes that the client has not read yet. */
  get backlogBytes(): number {
    return this.#response.writableLength;
  }

  /** Nothing may be written until the client has read, or ever: then the connection is closed. */
  get isBlocked(): boolean {
    const { destroyed, writableNeedDrain, socket } = this.#response;
    return destroyed || writableNeedDrain || socket?.writableNeedDrain === true;
  }

  write(piece: Buffer | SharedBytes): void {
    if (!(piece instanceof SharedBytes)) this.#response.write(piece);
    else if (this.#isDirect) this.#response.socket?.write(this.#response.chunkedEncoding ? piece.chunk : piece.bytes);
    else this.#response.write(piece.bytes);
    this.#hasHeaders = true;
  }

  /** Destroys the connection instead of ending it: a client that does not read would keep an ended one open. */
  cut(): void {
    this.#response.destroy();
  }

  /** The response has a socket when no answer to an earlier request of the connection is in front of it. */
  get #isDirect(): boolean {
    const { socket, writableLength } = this.#response;
    return this.#hasHeaders && writableLength === 0 && socket?.writable === true;
  }
}

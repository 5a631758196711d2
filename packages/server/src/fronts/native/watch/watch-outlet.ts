import type { ServerResponse } from 'node:http';
import { SharedBytes } from './shared-bytes.ts';

/**
 * Where a watch writes. Shared bytes go straight to the socket when no earlier bytes wait. The response would frame
 * them for each watch again, and write four parts (docs/design/watch.md).
 */
export class WatchOutlet {
  readonly #response: ServerResponse;
  /** Whether the headers are written. The response writes them with the first bytes, so it must get these. */
  #hasHeaders = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Bytes that the client has not read yet. */
  get backlogBytes(): number {
    return this.#response.writableLength;
  }

  /** Whether the client must read before more is written, or the connection is closed. */
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

  /** A response has no socket while an earlier answer on its connection is unfinished. */
  get #isDirect(): boolean {
    const { socket, writableLength } = this.#response;
    return this.#hasHeaders && writableLength === 0 && socket?.writable === true;
  }
}

import { closeServer, type ServerLike } from '../address/server-like.ts';

/**
 * The server that a service was given, closed by `stop()`. A `stop()` inside the server's own closing hook must not wait for
 * that server, which waits for the hook: so calls of `close` by others are noticed.
 */
export class GivenServer {
  readonly #server: ServerLike;
  readonly #close: ServerLike['close'];
  #isClosing = false;

  constructor(server: ServerLike) {
    this.#server = server;
    this.#close = server.close;
    const noticed = (...args: readonly unknown[]): unknown => {
      this.#isClosing = true;
      return Reflect.apply(this.#close, server, args);
    };
    // A frozen object cannot be watched: its closing hooks must not stop the service then.
    if (Object.isExtensible(server)) Object.assign(server, { close: noticed });
  }

  /** Gives the server back as it was, and closes it, unless it is closing already. */
  async close(): Promise<void> {
    if (Object.isExtensible(this.#server)) Object.assign(this.#server, { close: this.#close });
    if (!this.#isClosing) await closeServer(this.#server);
  }
}

import { closeServer, type ServerLike } from '../address/server-like.ts';

/**
 * The server that a service was given, closed by `stop()`. It notices when another caller closes the server, because a
 * `stop()` inside a closing hook of the server must not wait for that server, which waits for the hook.
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
    // A frozen object cannot be watched, so its closing hooks must not stop the service.
    if (Object.isExtensible(server)) Object.assign(server, { close: noticed });
  }

  /** Restores the server's own `close`, and closes the server unless it is closing already. */
  async close(): Promise<void> {
    if (Object.isExtensible(this.#server)) Object.assign(this.#server, { close: this.#close });
    if (!this.#isClosing) await closeServer(this.#server);
  }
}

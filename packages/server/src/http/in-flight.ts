import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** The requests under way, so that a close can wait for exactly them. */
export class InFlight {
  readonly #app: FastifyInstance;
  readonly #responses = new Set<ServerResponse>();
  #onIdle: (() => void) | undefined;

  constructor(app: FastifyInstance) {
    this.#app = app;
    app.addHook('onRequest', async (_request, reply) => {
      this.#responses.add(reply.raw);
      reply.raw.once('close', () => {
        this.#responses.delete(reply.raw);
        if (this.#responses.size === 0) this.#onIdle?.();
      });
    });
  }

  /**
   * Stops accepting, lets what is under way finish, then closes every connection: a browser or a pool may hold one on
   * which nothing was ever asked, and Node counts that as busy.
   */
  async close(): Promise<void> {
    this.#onIdle = () => this.#app.server.closeAllConnections();
    const closed = this.#app.close();
    if (this.#responses.size === 0) this.#onIdle();
    await closed;
  }
}

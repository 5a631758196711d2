import type { FastifyInstance } from 'fastify';
import { open } from '../access/route-access.ts';

/** Paths that are answered before the roll is restored. */
const always = new Set(['/healthz', '/readyz', '/metrics', '/']);

/** `/readyz`, and a gate before all other paths until the roll is restored, because an empty answer would be a lie. */
export class Readiness {
  #isReady = false;

  /** `progress` says how far the restart is, as the end of a sentence. */
  constructor(app: FastifyInstance, progress: () => string) {
    const notReady = (): object => ({ code: 503, message: `the roll is being restored: ${progress()}`, data: null });
    app.addHook('onRequest', (request, reply, done) => {
      if (this.#isReady || always.has(request.url.split('?')[0] ?? '')) return done();
      reply.code(503).header('retry-after', '1').header('connection', 'close').send(notReady());
    });
    // Added as a plugin, because a route that is added at once is missing from the description of the API.
    app.register((plugin, _options, done) => {
      plugin.get('/readyz', { config: { access: open } }, (_request, reply) =>
        this.#isReady ? { status: 'ready' } : reply.code(503).send(notReady()),
      );
      done();
    });
  }

  /** Lets requests be answered from now on. */
  ready(): void {
    this.#isReady = true;
  }
}

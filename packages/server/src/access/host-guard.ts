import type { FastifyInstance } from 'fastify';
import { isLoopback } from '../server-options.ts';

/**
 * A page of any site can point its own name at 127.0.0.1 (DNS rebinding) and then talk to us as its own origin. Such a
 * request names that site in `Host`, so a server that is for this machine answers only names of this machine.
 */
export function guardHost(app: FastifyInstance, host: string): void {
  if (!isLoopback(host)) return;
  app.addHook('onRequest', async (request, reply) => {
    if (isLoopback(request.hostname.replace(/:\d+$/, ''))) return;
    const message = `Host ${JSON.stringify(request.host)} is not this server: it listens for this machine only`;
    await reply.code(421).send({ code: 421, message, data: null });
  });
}

import type { FastifyInstance } from 'fastify';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses writes of web pages of another origin, which browsers mark by headers that programs do not send. The JSON
 * content type keeps such pages out as well, but only as long as no route forgets to require it.
 */
export function guardOrigin(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (safeMethods.has(request.method) || isOwn(request.headers)) return done();
    const message = 'a web page of another origin may not write to this server: send the request from a program';
    reply.code(403).header('connection', 'close').send({ code: 403, message, data: null });
  });
}

function isOwn(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  const { origin, host } = headers;
  if (origin === undefined) return true;
  return typeof origin === 'string' && URL.canParse(origin) && new URL(origin).host === host;
}

import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { isLoopback, type ServerSettings } from '../server-options.ts';

/**
 * A page of any site can point its own name at our address (DNS rebinding) and then talk to us as its own origin. Such a
 * request names that site in `Host`. A server that is for this machine answers only names of this machine; another
 * answers besides what no stranger can point elsewhere: addresses, names without a dot, its own names and those allowed.
 */
export function guardHost(app: FastifyInstance, { host, allowedHosts }: ServerSettings): void {
  const own = new Set([host, hostname(), ...allowedHosts].map((name) => name.toLowerCase()));
  const isOurs = (name: string): boolean =>
    isLoopback(name) || own.has(name) || (!isLoopback(host) && (isAddress(name) || !name.includes('.')));
  app.addHook('onRequest', (request, reply, done) => {
    const { url = '', rawHeaders } = request.raw;
    if (countOf('host', rawHeaders) > 1) {
      // Whatever stands before the server may have read the other one (RFC 9112, 3.2).
      reply.code(400).send({ code: 400, message: 'a request has one Host', data: null });
      return;
    }
    // The host of a whole URL in the first line goes over the header.
    const written = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
    const name = nameOf(request.host);
    if (name !== '' && isOurs(name) && (written === undefined || isOurs(nameOf(written)))) return done();
    const remedy = isLoopback(host) ? 'it listens for this machine only' : 'allow the name with --allow-host';
    const message = `Host ${JSON.stringify(request.host)} is not this server: ${remedy}`;
    reply.code(421).send({ code: 421, message, data: null });
  });
}

/** How often a header is there: Node keeps the first of some and says nothing. */
function countOf(wanted: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === wanted.length && name.toLowerCase() === wanted) count += 1;
  }
  return count;
}

/** Without port, brackets and the dot of an absolute name. */
function nameOf(host: string): string {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  return name.startsWith('[') ? name.slice(1, -1) : name;
}

const isAddress = (name: string): boolean => isIP(name) !== 0;

import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { countHeader } from '../http/count-header.ts';
import { isLoopback, type ServerSettings } from '../server-options.ts';

/**
 * Rejects requests whose `Host` does not belong to this server. A page of any site can point its own name at our
 * address (DNS rebinding) and then talk to us as its own origin; such a request carries the site's name in `Host`. A
 * server for this machine accepts only names of this machine. A server for other machines also accepts what a stranger
 * cannot redirect: addresses, names without a dot, its own names, and allowed names.
 */
export function guardHost(app: FastifyInstance, { host, allowedHosts }: ServerSettings): void {
  const own = new Set([host, hostname(), ...allowedHosts].map((name) => name.toLowerCase()));
  const isOurs = (name: string): boolean =>
    isLoopback(name) || own.has(name) || (!isLoopback(host) && name !== '' && (isAddress(name) || !name.includes('.')));
  app.addHook('onRequest', (request, reply, done) => {
    const { url = '', rawHeaders } = request.raw;
    if (countHeader('host', rawHeaders) > 1) {
      // With two Host headers, a proxy before the server may have read the other one (RFC 9112, 3.2).
      reply.code(400).send({ code: 400, message: 'the request has several Host headers: send one', data: null });
      return;
    }
    // The host of a whole URL in the request line overrides the header.
    const written = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
    const foreign = [request.host, ...(written === undefined ? [] : [written])].find((name) => !isOurs(nameOf(name)));
    if (foreign === undefined) return done();
    const remedy = isLoopback(host) ? 'call it by localhost or 127.0.0.1' : 'allow the name with --allow-host';
    const message = `Host ${JSON.stringify(foreign)} is not this server: ${remedy}`;
    reply.code(421).send({ code: 421, message, data: null });
  });
}

/** A host without port, brackets, and the dot of an absolute name. */
function nameOf(host: string): string {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  return name.startsWith('[') ? name.slice(1, -1) : name;
}

const isAddress = (name: string): boolean => isIP(name) !== 0;

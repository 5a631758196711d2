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
    const name = nameOf(request.host);
    if (name !== '' && isOurs(name)) return done();
    const remedy = isLoopback(host) ? 'it listens for this machine only' : 'allow the name with --allow-host';
    const message = `Host ${JSON.stringify(request.host)} is not this server: ${remedy}`;
    reply.code(421).send({ code: 421, message, data: null });
  });
}

/** Without port, brackets and the dot of an absolute name. */
function nameOf(host: string): string {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  return name.startsWith('[') ? name.slice(1, -1) : name;
}

const isAddress = (name: string): boolean => isIP(name) !== 0;

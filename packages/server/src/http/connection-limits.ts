import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { SecuritySettings } from '../access/security-options.ts';

/**
 * Bounds the connections, in total and of each address. A connection beyond a limit is closed before any of it is read.
 * An IPv6 client counts by its /64, since it may use any address in it.
 */
export function limitConnections(
  { server }: FastifyInstance,
  { maxConnections, maxConnectionsPerAddress, maxConnectionsFromLoopback }: SecuritySettings,
): void {
  server.maxConnections = maxConnections;
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = networkOf(socket.remoteAddress ?? '');
    const limit = isLoopbackNetwork(address) ? maxConnectionsFromLoopback : maxConnectionsPerAddress;
    if (limit === 0) return;
    const count = open.get(address) ?? 0;
    if (count >= limit) {
      socket.destroy();
      return;
    }
    open.set(address, count + 1);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });
}

const isLoopbackNetwork = (network: string): boolean => /^127\./.test(network) || network === '0:0:0:0';

/** An IPv4 address as it is; of an IPv6 address the first half, spelt out. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [front = '', back] = address.replace(/%.*$/, '').split('::');
  const head = front === '' ? [] : front.split(':');
  const tail = back === undefined || back === '' ? [] : back.split(':');
  const zeros = back === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  return [...head, ...Array.from({ length: zeros }, () => '0'), ...tail].slice(0, 4).join(':');
}

import { createSocket } from 'node:dgram';
import type { Clock } from '@rollcall/core';
import { routeTimeoutMs } from '../defaults.ts';

// Reserved for documentation (RFC 5737, RFC 3849). No interface has these addresses, so the routing table answers with
// its default route.
const documentationHosts = ['192.0.2.1', '2001:db8::1'] as const;

/** The local address from which `host` is reached; undefined when it cannot be determined. No packet is sent. */
export function routeTo(host: string, clock: Clock): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    let isOpen = true;
    const settle = (address?: string): void => {
      if (!isOpen) return;
      isOpen = false;
      cancelTimer();
      socket.close();
      resolve(address);
    };
    // A host name needs a name server, which may not answer.
    const cancelTimer = clock.setTimer(routeTimeoutMs, () => settle());
    socket.once('error', () => settle());
    // Wait for the event: the callback is also called after an error, when the address is still a wildcard.
    socket.once('connect', () => settle(socket.address().address));
    // Connecting a UDP socket only asks the routing table. Any port does.
    socket.connect(9, host);
  });
}

/** The local address of the default route, IPv4 first; undefined without one. No packet is sent. */
export async function defaultRoute(clock: Clock, family: 'IPv4' | 'any'): Promise<string | undefined> {
  for (const host of family === 'IPv4' ? documentationHosts.slice(0, 1) : documentationHosts) {
    const address = await routeTo(host, clock);
    if (address !== undefined) return address;
  }
  return undefined;
}

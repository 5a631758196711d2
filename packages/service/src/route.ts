import { createSocket } from 'node:dgram';
import { systemClock } from '@rollcall/core/adapter';
import { routeTimeoutMs } from './defaults.ts';

/** The local address from which `host` is reached; undefined when it cannot be told. Nothing is sent. */
export function routeTo(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    let open = true;
    const done = (address?: string): void => {
      if (!open) return;
      open = false;
      cancelTimer();
      socket.close();
      resolve(address);
    };
    // The name of the host may be asked for at a name server that does not answer.
    const cancelTimer = systemClock.setTimer(routeTimeoutMs, () => done());
    socket.once('error', () => done());
    // By event: a callback is also called with an error, and the address is a wildcard then.
    socket.once('connect', () => done(socket.address().address));
    // Connecting a UDP socket only asks the routing table. Any port does.
    socket.connect(9, host);
  });
}

import { createSocket } from 'node:dgram';

/** The local address from which `host` is reached; undefined when it cannot be told. Nothing is sent. */
export function routeTo(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const done = (address?: string): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done());
    // Connecting a UDP socket only asks the routing table. Any port does.
    socket.connect(9, host, () => done(socket.address().address));
  });
}

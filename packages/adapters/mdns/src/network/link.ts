import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Packet } from 'dns-packet';
import multicastDns from 'multicast-dns';
import { receiveBufferBytes } from '../mdns-options.ts';
import { type Message, toMessage } from '../wire/message.ts';
import type { Place } from './places.ts';

/** The port and the groups of mDNS (RFC 6762, 3). */
export const mdnsPort = 5_353;
const groups = { 4: '224.0.0.251', 6: 'ff02::fb' } as const;
const anywhere = { 4: '0.0.0.0', 6: '::' } as const;

/** The sender of a packet. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

/** A packet that a link received. `direct`: an answer to this host alone. */
export type OnMessage = (message: Message, from: Sender, direct: boolean) => void;

/**
 * mDNS on one family of one interface: a socket in the group on the shared port, and a socket on a port of its own.
 * Answers to this host alone must come to the latter, since the system would hand a packet for the shared port to any
 * of its holders.
 */
export class Link {
  readonly place: Place;
  /** Why the last packet could not be sent; undefined: it was sent. */
  failure: Error | undefined;
  readonly #group: Socket;
  readonly #own: Socket;
  readonly #libraries: readonly { destroy(done?: () => void): void }[];
  #closed = false;

  private constructor(place: Place, group: Socket, own: Socket, onMessage: OnMessage, onLost: (error: Error) => void) {
    this.place = place;
    this.#group = group;
    this.#own = own;
    const lost = (error: Error): void => {
      this.failure ??= error;
      if (!this.#closed) onLost(error);
    };
    const listen = (socket: Socket, direct: boolean) => {
      // The library decodes packets and survives junk. Binding and joining are done here, because the library would
      // choose interfaces itself.
      const options = { socket, port: 0, multicast: false, ip: groups[place.family], interface: place.scope } as const;
      const library = multicastDns({ ...options, type: `udp${place.family}` });
      library.on('packet', (packet: Packet, from: RemoteInfo) => this.#receive(packet, from, direct, onMessage));
      library.on('error', lost);
      library.on('warning', () => {});
      return library;
    };
    this.#libraries = [listen(group, false), listen(own, true)];
  }

  /** Joins the group; rejects where the port, the address or the group is not available. */
  static async open(place: Place, onMessage: OnMessage, onLost: (error: Error) => void): Promise<Link> {
    const type = `udp${place.family}` as const;
    const sockets = [createSocket({ type, reuseAddr: true, ipv6Only: place.family === 6 }), createSocket({ type })];
    const [group, own] = sockets as [Socket, Socket];
    try {
      await Promise.all([
        bind(group, mdnsPort, anywhere[place.family]),
        bind(own, 0, place.family === 4 || place.loopback ? place.address : anywhere[6]),
      ]);
      group.addMembership(groups[place.family], place.scope);
      for (const socket of sockets) {
        socket.setMulticastInterface(place.scope);
        socket.setRecvBufferSize(receiveBufferBytes);
        socket.setMulticastTTL(255);
        socket.setTTL(255);
        // Without loopback, other programs on this machine would not receive what this one sends.
        socket.setMulticastLoopback(true);
        socket.unref();
      }
      return new Link(place, group, own, onMessage, onLost);
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
  }

  /** The port to which answers to this host alone come. */
  get ownPort(): number {
    return this.#own.address().port;
  }

  /** Sends a packet to the multicast group. */
  tell(bytes: Buffer): Promise<void> {
    return this.#send(this.#group, bytes, { address: groups[this.place.family], port: mdnsPort });
  }

  /** Asks the multicast group for answers to this host alone. */
  ask(bytes: Buffer): Promise<void> {
    return this.#send(this.#own, bytes, { address: groups[this.place.family], port: mdnsPort });
  }

  /**
   * Answers one host, from the shared port, because a host that asked from that port ignores answers from another one
   * (RFC 6762, 11).
   */
  answer(bytes: Buffer, to: Sender): Promise<void> {
    return this.#send(this.#group, bytes, to);
  }

  /** Whether the group is still joined: a kernel that lost the interface also left the group, without an error. */
  get joined(): boolean {
    try {
      this.#group.addMembership(groups[this.place.family], this.place.scope);
      return false;
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#libraries.map((library) => new Promise<void>((done) => library.destroy(done))));
  }

  #receive(packet: Packet, from: RemoteInfo, direct: boolean, onMessage: OnMessage): void {
    if (this.#closed || !this.place.accepts(from.address)) return;
    const message = toMessage(packet);
    if (message !== undefined) onMessage(message, from, direct);
  }

  #send(socket: Socket, bytes: Buffer, { address, port }: Sender): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      socket.send(bytes, port, address, (error) => {
        // A failed answer to a host that has left says nothing about the link.
        if (address === groups[this.place.family]) this.failure = error ?? undefined;
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

async function bind(socket: Socket, port: number, address: string): Promise<void> {
  const listening = once(socket, 'listening');
  socket.bind({ port, address, exclusive: true });
  await listening;
}

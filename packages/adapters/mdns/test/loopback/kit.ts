import { createSocket, Socket } from 'node:dgram';
import { setImmediate } from 'node:timers/promises';
import type { Registry, WatchEvent } from '@rollcall/core';
import { vi } from 'vitest';
import { manualClock } from '../../../../core/src/testing/index.ts';
import { type MdnsOptions, mdns } from '../../src/index.ts';
import { fromBytes, type Message, type Outgoing, toBytes } from '../../src/wire/message.ts';

/** A packet that a registry of this process sent. */
export interface Sent {
  /** The time of the test's clock, in milliseconds. */
  readonly at: number;
  readonly message: Message;
  readonly bytes: number;
  readonly to: { readonly address: string; readonly port: number };
}

const group = { address: '224.0.0.251', port: 5_353 };

/** Registries on loopback, with real sockets and a clock that the test moves; it notes every packet that they send. */
export class Loopback {
  readonly clock = manualClock();
  readonly sent: Sent[] = [];
  readonly #registries: Registry[] = [];
  readonly #sockets: Socket[] = [];
  readonly #spy: { mockRestore(): void };
  #mine = new Set<Socket>();

  constructor() {
    const send = Socket.prototype.send as (...args: unknown[]) => void;
    const { sent, clock } = this;
    const mine = this.#mine;
    this.#spy = vi.spyOn(Socket.prototype, 'send').mockImplementation(function (this: Socket, ...args: unknown[]) {
      const [bytes, port, address] = args as [Buffer, number, string];
      const message = mine.has(this) ? undefined : fromBytes(bytes);
      if (message !== undefined) sent.push({ at: clock.now(), message, bytes: bytes.length, to: { address, port } });
      send.apply(this, args);
    });
  }

  open(options: MdnsOptions = {}): Registry {
    const registry = mdns({ addresses: ['lo'], clock: this.clock, ...options });
    this.#registries.push(registry);
    return registry;
  }

  /** Moves the clock, in steps, and lets packets arrive after each. */
  async pass(ms: number, stepMs = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.clock.advance(Math.min(stepMs, ms - passed));
      for (let turn = 0; turn < 4; turn += 1) await setImmediate();
    }
  }

  /** Moves the clock until a call has settled. */
  async settle<T>(call: Promise<T>): Promise<T> {
    let settled = false;
    const end = (): void => {
      settled = true;
    };
    call.then(end, end);
    while (!settled) await this.pass(20, 10);
    return call;
  }

  follow(registry: Registry, name?: string): WatchEvent[] {
    const events: WatchEvent[] = [];
    void (async () => {
      for await (const event of registry.watch(name === undefined ? {} : { name })) events.push(event);
    })();
    return events;
  }

  /** A foreign program on the link: it notes the packets that it hears, and its own packets are not in `sent`. */
  async stranger(port = 0): Promise<Stranger> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    await new Promise<void>((done) => socket.bind(port, '0.0.0.0', done));
    socket.setMulticastInterface('127.0.0.1');
    socket.addMembership(group.address, '127.0.0.1');
    this.#sockets.push(socket);
    this.#mine.add(socket);
    return new Stranger(socket);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#registries.map((registry) => this.settle(registry.close())));
    for (const socket of this.#sockets) socket.close();
    this.#spy.mockRestore();
  }
}

/** A socket that sends the mDNS messages of a test. */
export class Stranger {
  readonly heard: Message[] = [];
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes) => {
      const message = fromBytes(bytes);
      if (message !== undefined) this.heard.push(message);
    });
  }

  say(message: Outgoing): void {
    this.shout(toBytes(message));
  }

  /** Sends any bytes. */
  shout(bytes: Buffer): void {
    this.#socket.send(bytes, group.port, group.address);
  }
}

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '@rollcall/core/adapter';

/** A TCP link that can be broken in every way, in front of a healthy backend. */
export class TcpProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #mode: 'open' | 'cut' | 'black hole' = 'open';
  #delayMs = 0;

  /** @param target `host:port` of the backend. */
  constructor(target: string) {
    const { hostname, port } = new URL(`http://${target}`);
    this.#target = { host: hostname, port: Number(port) };
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** The proxy's own `host:port`. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Breaks every connection and refuses new ones. */
  cut(): void {
    this.#mode = 'cut';
    this.#destroyAll();
  }

  /** Swallows everything: connections stay and are accepted, but nothing passes. */
  blackHole(): void {
    this.#mode = 'black hole';
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Delays everything. Milliseconds. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Ends the stream towards the client, which may go on writing. */
  halfClose(): void {
    for (const [client] of this.#pairs) client.end();
  }

  /** Restores the link. Connections that were swallowed stay dead. */
  restore(): void {
    if (this.#mode === 'black hole') this.#destroyAll();
    this.#mode = 'open';
    this.#delayMs = 0;
  }

  async close(): Promise<void> {
    this.#destroyAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.#mode === 'cut') {
      client.destroy();
      return;
    }
    const backend = connect({ ...this.#target, allowHalfOpen: true });
    const pair = [client, backend] as const;
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      backend.destroy();
    };
    this.#pass(client, backend);
    this.#pass(backend, client);
    for (const socket of pair) socket.on('error', end).on('close', end);
    if (this.#mode === 'black hole') for (const socket of pair) socket.pause();
  }

  #pass(from: Socket, to: Socket): void {
    const later = (act: () => void): void => {
      if (this.#delayMs > 0) systemClock.setTimer(this.#delayMs, act);
      else act();
    };
    from.on('data', (chunk) => later(() => void to.write(chunk)));
    from.on('end', () => later(() => void to.end()));
  }

  #destroyAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }
}

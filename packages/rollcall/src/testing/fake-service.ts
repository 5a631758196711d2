import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Registry } from '@rollcall/core';

/** Answers a request, as the fetch handler of a service worker does. */
export type FakeHandler = (request: Request) => Response | Promise<Response>;

/** One node of a {@link FakeService}. */
export interface FakeNode {
  /** Id of the node: `<service>-1` and so on. */
  readonly id: string;
  /** Address of the node: `127.0.0.1` and a free port. */
  readonly address: string;
  /** Number of requests so far. */
  readonly calls: number;
  /** Closes the sockets of the service without withdrawing its node, as kill -9 does. */
  kill(): Promise<void>;
}

/** Real HTTP servers on loopback that are registered. Disposing closes them and withdraws the nodes. */
export interface FakeService extends AsyncDisposable {
  /** The nodes, in the order of the handlers. */
  readonly nodes: readonly FakeNode[];
}

function toRequest(incoming: IncomingMessage, address: string): Request {
  const { method = 'GET', url = '/', headers } = incoming;
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = hasBody ? (Readable.toWeb(incoming) as unknown as NonNullable<RequestInit['body']>) : null;
  return new Request(`http://${address}${url}`, {
    method,
    headers: pairs as [string, string][],
    body,
    ...(hasBody ? { duplex: 'half' } : {}),
  });
}

async function answer(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) outgoing.end();
  else await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing);
}

class Fake implements FakeNode {
  readonly id: string;
  calls = 0;
  readonly #server: Server;
  readonly #handler: FakeHandler;

  constructor(id: string, handler: FakeHandler) {
    this.id = id;
    this.#handler = handler;
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  get address(): string {
    const place = this.#server.address();
    return typeof place === 'object' && place !== null ? `127.0.0.1:${place.port}` : '127.0.0.1:1';
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async kill(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    this.calls += 1;
    try {
      await answer(await this.#handler(toRequest(incoming, this.address)), outgoing);
    } catch (error) {
      // A handler that throws answers 500, which a test may want.
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end(error instanceof Error ? error.message : String(error));
    }
  }
}

/** Real HTTP servers on loopback, registered under `name`; one node per handler, `<name>-1` and so on. */
export async function fakeService(
  registry: Registry,
  name: string,
  ...handlers: readonly FakeHandler[]
): Promise<FakeService> {
  const nodes = handlers.map((handler, index) => new Fake(`${name}-${index + 1}`, handler));
  await Promise.all(nodes.map((node) => node.listen()));
  const places = nodes.map((node) => ({ id: node.id, address: node.address }));
  if (places.length > 0) await registry.register({ name, nodes: places });
  return {
    nodes,
    async [Symbol.asyncDispose]() {
      if (places.length > 0) await registry.deregister({ name, nodes: places }).catch(() => {});
      await Promise.all(nodes.map((node) => node.kill()));
    },
  };
}

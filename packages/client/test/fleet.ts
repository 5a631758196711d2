/** Small HTTP servers on loopback, registered in memory. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger, Registry } from '@rollcall/core';
import { memory } from '../../adapters/memory/src/index.ts';

export interface Member {
  readonly id: string;
  readonly address: string;
  calls: number;
  /** Kills the server as kill -9 does: every socket is closed, and the node is not deregistered. */
  kill(): Promise<void>;
}

export interface Fleet extends AsyncDisposable {
  readonly registry: Registry;
  readonly members: readonly Member[];
}

async function listen(handler: RequestListener): Promise<Server> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function kill(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Starts one node of `name` per handler, with the ids n0, n1, ... */
export async function fleet(name: string, ...handlers: readonly RequestListener[]): Promise<Fleet> {
  const registry = memory();
  const servers: Server[] = [];
  const members: Member[] = [];
  for (const [index, handler] of handlers.entries()) {
    const server = await listen((request, response) => {
      member.calls += 1;
      handler(request, response);
    });
    const address = `127.0.0.1:${portOf(server)}`;
    const member: Member = { id: `n${index}`, address, calls: 0, kill: () => kill(server) };
    servers.push(server);
    members.push(member);
    await registry.register({ name, version: `${index + 1}.0.0`, nodes: [{ id: member.id, address }] });
  }
  return {
    registry,
    members,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map(kill));
      await registry.close();
    },
  };
}

/** A handler that answers `text`. */
export const says =
  (text: string, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status);
    response.end(text);
  };

/** A logger that keeps its lines instead of printing them. */
export function notebook(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (_fields: object, message: string): void => void lines.push(message);
  return { logger: { debug: write, info: write, warn: write, error: write }, lines };
}

/** Waits for a condition, at most 20 s. */
export async function eventually(isTrue: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`not seen within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

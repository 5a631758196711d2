import { manualClock } from '@rollcall/core/testing';
import { createServer, type DiscoveryServer, type ServerOptions } from '../src/index.ts';

/** An answer of `/api`; the shape of `data` depends on the route. */
export interface Answer<T> {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly data: T;
  readonly epoch: string;
  readonly revision: number;
}

/** A server on a free port, and requests to it. */
export interface Running {
  readonly server: DiscoveryServer;
  readonly url: string;
  readonly port: number;
  ask<T = Record<string, never>>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
  register(...instances: object[]): Promise<Answer<{ handles: number[] }>>;
  list(env?: string): Promise<Record<string, unknown>[]>;
}

/** An instance as a client sends it. */
export const instance = (over: object = {}) => ({
  env: 'e',
  appid: 'web',
  hostname: 'a',
  addrs: ['10.0.0.1:80'],
  ttlMs: 3_000,
  renewIntervalMs: 1_000,
  ...over,
});

/** Starts a server without warm-up and protection, on a clock that stands still unless told otherwise. */
export async function running(options: ServerOptions = {}): Promise<Running> {
  const server = createServer({ port: 0, protection: 'off', warmUpMs: 0, clock: manualClock(), ...options });
  const { url, port } = await server.listen();
  return { server, port, ...client(url) };
}

/** Requests to a running server. */
export function client(url: string): Pick<Running, 'url' | 'ask' | 'register' | 'list'> {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<Answer<T>> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const init = body === undefined ? {} : { body: text, headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${url}${path}`, { method, ...init });
    return { status: response.status, ...((await response.json()) as Omit<Answer<T>, 'status'>) };
  };
  return {
    url,
    ask,
    register: (...instances) => ask('POST', '/api/register', { instances }),
    list: async (env = 'e') =>
      (await ask<{ instances: Record<string, unknown>[] }>('GET', `/api/fetch/all?env=${env}`)).data.instances,
  };
}

/** The events of a watch, in the order of their arrival. */
export async function* watch(url: string, headers: Record<string, string> = {}) {
  const control = new AbortController();
  const response = await fetch(url, { headers, signal: control.signal });
  let rest = '';
  let parts: string[] = [];
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      parts.push(chunk);
      // A large event comes in many chunks: they are joined when it ends.
      if (!chunk.endsWith('\n') && !chunk.includes('\n\n')) continue;
      const blocks = (rest + parts.join('')).split('\n\n');
      parts = [];
      rest = blocks.pop()!;
      for (const block of blocks) {
        const fields = Object.fromEntries(
          block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        if (fields.event !== undefined) yield { event: fields.event, id: fields.id!, data: JSON.parse(fields.data!) };
      }
    }
  } finally {
    control.abort();
  }
}

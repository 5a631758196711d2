/**
 * Types for the parts of the client library that are used here. Its own types know neither blocking queries nor
 * cancellation, and it has no methods for two calls that the adapter needs.
 */
import type { EventEmitter } from 'node:events';
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import Consul from 'consul';
import type { Registration } from '../consul-mapping.ts';
import type { AgentAddress } from '../consul-options.ts';

/** Options that go with every request. */
type Headers = Readonly<Record<string, string>>;

/** What every request takes. */
export interface LibraryCall {
  /** Emitting `cancel` ends the request; with `includeResponse` a method returns `[response, body]`. */
  readonly ctx: EventEmitter & { readonly includeResponse: true };
  readonly token?: string | undefined;
  readonly dc?: string | undefined;
  readonly filter?: string | undefined;
  readonly index?: string | undefined;
  readonly wait?: string | undefined;
  readonly consistent?: boolean | undefined;
}

/** A response with its body, decoded by its content type. */
export type LibraryAnswer = readonly [response: IncomingMessage, body?: unknown];

/** A response of a request that has no method of its own. */
export type LibraryResponse = IncomingMessage & { readonly body?: unknown };

/** A request on its way through the library's pipeline. */
export interface LibraryRequest {
  readonly ctx?: EventEmitter;
  transport: { request(options: RequestOptions): ClientRequest };
}

/** A request for a path that has no method in the library. */
export interface RawRequest {
  readonly path: string;
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly ctx: EventEmitter;
}

/** The client. */
export interface Library {
  readonly agent: {
    self(call: LibraryCall): Promise<LibraryAnswer>;
    readonly check: { pass(call: LibraryCall & { readonly id: string }): Promise<LibraryAnswer> };
    readonly service: {
      register(call: LibraryCall & Registration): Promise<LibraryAnswer>;
      deregister(call: LibraryCall & { readonly id: string }): Promise<LibraryAnswer>;
    };
  };
  readonly catalog: {
    readonly node: { list(call: LibraryCall): Promise<LibraryAnswer> };
    readonly service: { list(call: LibraryCall): Promise<LibraryAnswer> };
  };
  readonly health: {
    service(call: LibraryCall & { readonly service: string }): Promise<LibraryAnswer>;
    state(call: LibraryCall & { readonly state: 'any' }): Promise<LibraryAnswer>;
  };
  readonly status: { leader(call: LibraryCall): Promise<LibraryAnswer> };
  _ext(event: 'onRequest', hook: (request: LibraryRequest, next: () => void) => void): void;
  _get(request: RawRequest): Promise<LibraryResponse>;
  destroy(): void;
}

/** A client of one agent. No I/O yet. */
export function openLibrary({ base, socketPath }: AgentAddress, agent: Agent, headers: Headers): Library {
  const options = { baseUrl: `${base}/v1`, agent, headers, ...(socketPath === undefined ? {} : { socketPath }) };
  return new Consul(options as object) as unknown as Library;
}

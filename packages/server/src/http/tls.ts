import type { Socket } from 'node:net';
import { type SecureContextOptions, type TLSSocket, Server as TlsServer } from 'node:tls';
import type { Clock } from '@rollcall/core';
import type { FastifyInstance } from 'fastify';
import { readTlsFiles, type TlsFiles, type TlsPaths } from './tls-files.ts';

/** The certificates of a server, which can change while it runs. */
export class Tls {
  readonly #paths: TlsPaths;
  readonly #clock: Clock;
  /** The authorities by which the client of a connection was judged. */
  readonly #judgedBy = new WeakMap<Socket, string | undefined>();
  #files: TlsFiles;

  /** @throws RegistryError `INVALID_ARGUMENT` for a file with a fault. */
  constructor(paths: TlsPaths, clock: Clock) {
    this.#paths = paths;
    this.#clock = clock;
    this.#files = readTlsFiles(paths, clock.wallNow());
  }

  /** The options that the server starts with. */
  get options(): SecureContextOptions & { readonly requestCert: boolean; readonly rejectUnauthorized: boolean } {
    const isAsked = this.#files.clientCa !== undefined;
    return { ...this.#context(), requestCert: isAsked, rejectUnauthorized: isAsked };
  }

  /** Call it once, before the server listens. */
  serve(app: FastifyInstance): void {
    app.server.on('secureConnection', (socket: TLSSocket) => this.#judgedBy.set(socket, this.#files.clientCa));
    // A client whose authority is no longer trusted must show another certificate for its next request.
    app.addHook('onRequest', (request, reply, done) => {
      if (!this.isCurrent(request.raw.socket)) reply.header('connection', 'close');
      done();
    });
  }

  /** Whether the client of a connection was judged by the present authorities. */
  isCurrent(socket: Socket): boolean {
    return this.#judgedBy.get(socket) === this.#files.clientCa;
  }

  /** Reads the files again, for new connections. When it throws, the earlier content stays. */
  reload(app: FastifyInstance | undefined): void {
    this.#files = readTlsFiles(this.#paths, this.#clock.wallNow());
    if (app?.server instanceof TlsServer) app.server.setSecureContext(this.#context());
  }

  #context(): SecureContextOptions {
    const { cert, key, clientCa } = this.#files;
    return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
  }
}

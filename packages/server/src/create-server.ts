import { RegistryError } from '@rollcall/core';
import type { GuardedRoute } from './access/access-guard.ts';
import type { DiscoveryServer, ServerAddress } from './discovery-server.ts';
import type { HttpServer } from './http-server.ts';
import { StoreThread } from './journal/store/store-thread.ts';
import { ServerFiles } from './server-files.ts';
import { parseServerOptions, type ServerOptions, type ServerSettings } from './server-options.ts';

/**
 * Makes a server. `listen()` loads most of the program and binds the port.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bad option, also for a host beyond this machine without `insecure`.
 */
export function createServer(options: ServerOptions = {}): DiscoveryServer {
  return new LateServer(parseServerOptions(options));
}

/**
 * A server that loads its program when it starts. So the import of this package is cheap, and the thread of the store
 * reads the roll while the program loads.
 */
export class LateServer implements DiscoveryServer {
  readonly #settings: ServerSettings;
  readonly #files: ServerFiles;
  #loading: Promise<HttpServer> | undefined;
  #loaded: HttpServer | undefined;
  #closing: Promise<void> | undefined;

  constructor(settings: ServerSettings) {
    this.#settings = settings;
    this.#files = new ServerFiles(settings);
  }

  /** Every route with the rights that it needs; empty before `listen()`. For tests. */
  get routes(): readonly GuardedRoute[] {
    return this.#loaded?.routes ?? [];
  }

  /** Requests that were answered without the HTTP parser and the framework. For tests. */
  get repeatedCount(): number {
    return this.#loaded?.repeatedCount ?? 0;
  }

  async listen(): Promise<ServerAddress> {
    if (this.#closing !== undefined)
      throw new RegistryError('CLOSED', 'the server was closed: create another one', { registry: 'server' });
    if (this.#loading !== undefined) {
      const message = 'listen() was called already, and a server starts only once: create another one';
      throw new RegistryError('INVALID_ARGUMENT', message, { registry: 'server' });
    }
    this.#loading = this.#load();
    const server = await this.#loading;
    return server.listen();
  }

  async reload(): Promise<void> {
    const server = await this.#loading;
    if (server === undefined) this.#files.reload();
    else await server.reload();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #load(): Promise<HttpServer> {
    const { dataDir } = this.#settings;
    const store = dataDir === undefined ? undefined : StoreThread.start(dataDir);
    try {
      const { HttpServer } = await import('./http-server.ts');
      this.#loaded = new HttpServer(this.#settings, this.#files, store);
      return this.#loaded;
    } catch (error) {
      await store?.close();
      throw error;
    }
  }

  async #close(): Promise<void> {
    if (this.#loading === undefined) return this.#files.audit?.close();
    // `listen()` has already rejected with a failure to load.
    await (await this.#loading.catch(() => undefined))?.close();
  }
}

import type { Logger, RegistryError, ServiceNode } from '@rollcall/core';

/** Never silent about a lost registration: one line per change of state, to the logger or else to stderr. */
export class StatusLines {
  readonly #service: string;
  readonly #logger: Logger | undefined;

  constructor(service: string, logger: Logger | undefined) {
    this.#service = service;
    this.#logger = logger;
  }

  info(message: string): void {
    if (this.#logger === undefined) this.#print(message);
    else this.#logger.info({ service: this.#service }, message);
  }

  warn(message: string, error?: RegistryError): void {
    if (this.#logger === undefined) this.#print(message);
    else this.#logger.warn({ service: this.#service, error }, message);
  }

  registered(node: ServiceNode, again: boolean): void {
    this.info(`registered${again ? ' again' : ''} as ${node.id} at ${node.address}`);
  }

  unregistered(sinceMs: number, error: RegistryError | undefined): void {
    this.warn(
      `not registered since ${Math.round(sinceMs / 100) / 10} s because ${error?.message ?? 'registerCheck fails'}; trying again`,
      error,
    );
  }

  #print(message: string): void {
    process.stderr.write(`rollcall ${this.#service}: ${message}\n`);
  }
}

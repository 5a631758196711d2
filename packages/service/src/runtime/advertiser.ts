import type { Clock, ServiceInput, ServiceNode } from '@rollcall/core';
import type { Advertised } from '../address/choose-address.ts';
import { findAddress } from '../address/find-address.ts';
import { isListening, protocolOf } from '../address/server-like.ts';
import type { SettingSources } from '../registries/settings.ts';
import type { ServiceOptions } from '../service-options.ts';
import type { StatusLines } from '../status-lines.ts';
import type { OpenedRegistry } from './open-registry.ts';

/** What an advertiser works with. */
export interface AdvertiserContext {
  readonly options: ServiceOptions;
  readonly sources: SettingSources;
  readonly opened: OpenedRegistry;
  readonly lines: StatusLines;
  readonly clock: Clock;
  /** Aborted by `stop()`. */
  readonly signal: AbortSignal;
}

/** The node with its present address. It may change, since a machine moves between networks and a server between ports. */
export class Advertiser {
  readonly #context: AdvertiserContext;
  #advertised: Advertised | undefined;
  #node: ServiceNode | undefined;

  constructor(context: AdvertiserContext) {
    this.#context = context;
  }

  /** The node as it is advertised; undefined until {@link Advertiser.first} has resolved. */
  get node(): ServiceNode | undefined {
    return this.#node;
  }

  /** Waits for the server, chooses the address, and says in one line which and why. */
  async first(id: string): Promise<ServiceNode> {
    const { options, opened, lines } = this.#context;
    const advertised = await this.#find();
    this.#tell('advertising', advertised);
    if (advertised.warning !== undefined) lines.warn(advertised.warning);
    const metadata = {
      server: 'rollcall',
      ...protocolOf(options.server),
      registry: opened.registry.name,
      ...options.metadata,
    };
    this.#node = { id, address: advertised.address, metadata };
    return this.#node;
  }

  /** The service with its present address. The last advertised address stays until a better one is known. */
  async refresh(service: ServiceInput): Promise<ServiceInput> {
    const { server } = this.#context.options;
    const node = this.#node;
    if (node === undefined || (server !== undefined && !isListening(server))) return service;
    try {
      const advertised = await this.#find();
      if (advertised.address === node.address) return service;
      this.#tell('the address changed: advertising', advertised);
      this.#node = { ...node, address: advertised.address };
      return { ...service, nodes: [this.#node] };
    } catch {
      return service;
    }
  }

  #find(): Promise<Advertised> {
    const { options, opened, sources, clock, signal, lines } = this.#context;
    return findAddress({
      advertise: options.advertise,
      server: options.server,
      registry: opened.registry,
      loopbackIsLocal: opened.adapter?.loopbackIsLocal ?? false,
      sources,
      clock,
      previous: this.#advertised,
      signal,
      onSlow: () =>
        lines.warn('not registered yet because the server does not listen: call listen() on it; still waiting'),
    });
  }

  #tell(what: string, advertised: Advertised): void {
    this.#advertised = advertised;
    this.#context.lines.info(`${what} ${advertised.address} (${advertised.why})`);
  }
}

import type { Registry, RegistryOptions } from '@rollcall/core';
import { consul } from '../../../adapters/consul/src/index.ts';
import { etcd } from '../../../adapters/etcd/src/index.ts';
import { type BackendProcess, consulAgent, etcdNode } from '../../src/index.ts';

/** A real backend, not started yet. */
export interface Backend {
  readonly process: BackendProcess;
  /** `host:port`. */
  readonly address: string;
}

/** An adapter with its real backend, for tests that are the same on each. */
export interface Subject {
  /** The name of the backend and of the adapter's package. */
  readonly name: 'etcd' | 'consul';
  prepare(): Promise<Backend>;
  open(address: string, options?: RegistryOptions): Registry;
  /** Asks the backend without the adapter: returns `host:port` of each live node of a service, sorted. */
  truth(address: string, service: string): Promise<readonly string[]>;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
async function ask(url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

const onEtcd: Subject = {
  name: 'etcd',
  async prepare() {
    const { node, address } = await etcdNode();
    return { process: node, address };
  },
  open: (address, options) => etcd({ ...options, addresses: [address] }),
  async truth(address, service) {
    const prefix = `/micro/registry/${service}`;
    const range = { key: base64(`${prefix}/`), range_end: base64(`${prefix}0`) };
    const { kvs = [] } = (await ask(`http://${address}/v3/kv/range`, range)) as { kvs?: { value: string }[] };
    return kvs.map(({ value }) => JSON.parse(Buffer.from(value, 'base64').toString()).nodes[0].address).sort();
  },
};

const onConsul: Subject = {
  name: 'consul',
  async prepare() {
    const { agent, address } = await consulAgent();
    return { process: agent, address };
  },
  open: (address, options) => consul({ ...options, addresses: [address] }),
  async truth(address, service) {
    const items = (await ask(`http://${address}/v1/health/service/${service}?passing`)) as {
      readonly Service: { readonly Address: string; readonly Port: number };
    }[];
    return items.map(({ Service }) => `${Service.Address}:${Service.Port}`).sort();
  },
};

export const subjects: readonly Subject[] = [onEtcd, onConsul];

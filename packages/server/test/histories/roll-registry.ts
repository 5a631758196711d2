import { type Capabilities, type Clock, type Registry, RegistryError, type RegistryOptions } from '@rollcall/core';
import {
  createRegistry,
  type Entry,
  type EntryKey,
  keyOf,
  type Lease,
  type RegistryDriver,
} from '@rollcall/core/adapter';
import { readContent } from '../../src/roll/content.ts';
import type { Instance } from '../../src/roll/instance.ts';
import { Roll } from '../../src/roll/roll.ts';
import { leaseResolutionMs, minTtlMs } from '../../src/server-options.ts';

const capabilities: Capabilities = {
  minTtlMs,
  ttlResolutionMs: leaseResolutionMs,
  expirySlackMs: 250,
  propagationMs: 0,
  maxNodeBytes: 32_768,
  removesOthers: 'any',
  takesOver: true,
  durable: false,
  namespaces: true,
  crossProcess: false,
  crossHost: false,
};

function toEntry({ service, id, content, late }: Instance): Entry {
  const { version, addresses, metadata, serviceMetadata, endpoints } = readContent(content);
  return {
    name: service,
    version,
    metadata: serviceMetadata,
    endpoints,
    node: { id, address: addresses[0] ?? '', metadata, ...(late ? { late } : {}) },
  };
}

/** A registry on the server's roll without HTTP between them, so that one clock moves both. */
export function rollOf(clock: Clock): (options?: RegistryOptions) => Registry {
  const roll = new Roll({ clock, protection: false, cpuTimeMs: () => 0, maxBytes: 2 ** 30 });
  return (options = {}) => createRegistry(rollDriver(roll, options.namespace ?? 'default'), options);
}

function rollDriver(roll: Roll, env: string): RegistryDriver {
  const handles = new Map<string, number>();
  const terms = (lease: Lease | undefined) => ({
    ttlMs: lease?.ttlMs ?? 0,
    renewIntervalMs: lease?.renewIntervalMs ?? 30_000,
  });
  const read = (name: string | undefined): readonly Entry[] => roll.instances(env, name).map(toEntry);
  return {
    name: 'roll',
    capabilities,
    connect: async () => {},
    async put(entries, lease) {
      for (const { name, version, metadata, endpoints, node } of entries) {
        const { id, address } = node;
        const content = {
          version,
          addresses: [address],
          metadata: node.metadata,
          serviceMetadata: metadata,
          endpoints,
        };
        const [given] = roll.register([{ env, service: name, id, ...content, ...terms(lease) }]);
        if (given !== undefined) handles.set(keyOf(name, id), given.handle);
      }
    },
    async renew(keys, lease) {
      const lost: EntryKey[] = [];
      for (const key of keys) {
        const handle = handles.get(keyOf(key.name, key.id));
        const renewal = handle === undefined ? 'unknown' : roll.renew(handle, terms(lease));
        if (renewal === 'taken')
          throw new RegistryError('CONFLICT', `node ${key.id} of ${key.name} is held by another`);
        if (renewal === 'unknown') lost.push(key);
      }
      return lost;
    },
    async remove(keys) {
      for (const { name, id } of keys) roll.deregister({ env, service: name, id });
    },
    read: async (name) => read(name),
    watch: (name, sink, { signal }) =>
      new Promise((resolve, reject) => {
        const unfollow = roll.follow({
          changed(change) {
            const { service, id } = change.instance;
            if (change.instance.env !== env || (name !== undefined && service !== name)) return;
            if (change.type === 'put') sink.put(toEntry(change.instance));
            else sink.remove({ name: service, id }, change.reason);
          },
          failed: reject,
        });
        const end = (): void => {
          unfollow();
          resolve();
        };
        signal.addEventListener('abort', end, { once: true });
        sink.snapshot(read(name));
      }),
    toError: (cause) => new RegistryError('INTERNAL', String(cause), { cause }),
    async close({ withdraw }) {
      for (const { name, id } of withdraw) {
        const handle = handles.get(keyOf(name, id));
        if (handle !== undefined) roll.release(handle);
      }
    },
  };
}

import { consul } from '@rollcall/consul';
import { etcd } from '@rollcall/etcd';
import { mdns } from '@rollcall/mdns';
import { discovery, memory } from 'rollcall';
import { describe, expect, it } from 'vitest';

const every = {
  addresses: undefined,
  namespace: undefined,
  token: undefined,
  tokenFile: undefined,
  tlsFiles: undefined,
};
const more = { env: {}, timeoutMs: 1_000, closeTimeoutMs: 1_000, logger: undefined, clock: undefined };

describe('the options of a registry', () => {
  it.each([
    ['memory', memory, {}],
    ['discovery', discovery, {}],
    ['etcd', etcd, { tls: undefined }],
    ['consul', consul, { datacenter: 'dc1', tls: undefined, tags: ['a'] }],
    ['mdns', mdns, { dnsSd: true, goMicro: false }],
  ])(
    '%s() takes the common options of registries and its own, and refuses an unknown option',
    async (_name, factory, own) => {
      const open = factory as (options: object) => ReturnType<typeof memory>;
      await open({ ...every, ...more, ...own }).close();
      expect(() => open({ address: '10.0.0.1:7171' })).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringMatching(
            /^options: address is unknown; an option must be one of addresses, namespace, /,
          ),
        }),
      );
    },
  );
});

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { consulAgent, etcdNode } from '../../../packages/backends/src/index.ts';

const main = fileURLToPath(new URL('../main.js', import.meta.url));
const backends = {
  etcd: async () => {
    const { node, address } = await etcdNode();
    return { process: node, address };
  },
  consul: async () => {
    const { agent, address } = await consulAgent();
    return { process: agent, address };
  },
};

it.each(['etcd', 'consul'] as const)(
  'greeter and caller on %s',
  async (registry) => {
    const { process: backend, address } = await backends[registry]();
    await backend.start();
    try {
      const args = [main, '--registry', registry, '--registry-address', address];
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
      expect(stdout).toMatch(/^greeter 1\.0\.0 says: hello from process \d+$/m);
    } finally {
      await backend.dispose();
    }
  },
  120_000,
);

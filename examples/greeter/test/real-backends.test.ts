import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { etcdNode } from '../../../packages/backends/src/index.ts';

const main = fileURLToPath(new URL('../main.js', import.meta.url));

it('greeter and caller on etcd', async () => {
  const { node, address } = await etcdNode();
  await node.start();
  try {
    const args = [main, '--registry', 'etcd', '--registry-address', address];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
    expect(stdout).toMatch(/^greeter 1\.0\.0 says: hello from process \d+$/m);
  } finally {
    await node.dispose();
  }
}, 120_000);

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { subjects } from '../../../packages/backends/test/both/subjects.ts';

const main = fileURLToPath(new URL('../main.js', import.meta.url));

it.each(subjects)(
  'the shop of the examples takes every order on $name',
  async ({ name, prepare }) => {
    const { process: backend, address } = await prepare();
    await backend.start();
    try {
      const args = [main, '--registry', name, '--registry-address', address];
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
      expect(stdout.match(/ orders 1 apple, 4 left$/gm)).toHaveLength(3);
    } finally {
      await backend.dispose();
    }
  },
  120_000,
);

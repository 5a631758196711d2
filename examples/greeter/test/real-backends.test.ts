import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { subjects } from '../../../packages/backends/test/both/subjects.ts';

const main = fileURLToPath(new URL('../main.js', import.meta.url));
it.each(subjects)(
  'the caller of examples/greeter is answered by the greeter on $name',
  async ({ name, prepare }) => {
    const { process: backend, address } = await prepare();
    await backend.start();
    try {
      const args = [main, '--registry', name, '--registry-address', address];
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
      expect(stdout).toMatch(/^greeter 1\.0\.0 says: hello from process \d+$/m);
    } finally {
      await backend.dispose();
    }
  },
  120_000,
);

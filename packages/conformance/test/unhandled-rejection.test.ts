import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

// The script runs in a process of its own, because vitest fails any run with an unhandled rejection.
const script = (leaves: string): string => `
  import { registryCases } from '${new URL('../dist/index.js', import.meta.url)}';
  import { memory } from '${new URL('../../adapters/memory/dist/index.js', import.meta.url)}';
  const open = (options) => {
    const registry = memory({ namespace: 'conformance', ...options });
    const register = registry.register.bind(registry);
    return Object.assign(registry, { register: (...args) => { ${leaves} return register(...args); } });
  };
  const found = registryCases({ open }).find(({ title }) => title === 'register resolves with undefined');
  await found.run().then(() => console.log('passed'), (error) => console.log(error.message));
`;

async function outcome(leaves: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(leaves)]);
  return stdout.trim();
}

it('a case fails when the registry leaves a rejection unhandled', async () => {
  expect(await outcome('')).toBe('passed');
  expect(await outcome("Promise.reject(new Error('nobody cares'));")).toBe(
    'a promise of the registry was rejected and nothing handled it (its reason is the cause)',
  );
});

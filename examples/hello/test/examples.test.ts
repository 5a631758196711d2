import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const execute = promisify(execFile);
const node = (folder: string, ...args: string[]) =>
  execute(process.execPath, args, { cwd: fileURLToPath(new URL(`../../${folder}`, import.meta.url)), timeout: 60_000 });

/** The examples, each with the command that its first line names. */
describe('examples', () => {
  it('hello.js prints the node that it registered, and three events', async () => {
    expect((await node('hello', 'hello.js')).stdout).toBe('greeter 1.0.0 at 127.0.0.1:8080\ncreate\nsynced\ndelete\n');
  });

  it.each([[], ['--registry', 'memory'], ['--registry', 'mdns']])(
    'the caller of examples/greeter is answered by the greeter with the flags %s %s',
    async (...flags) => {
      const { stdout, stderr } = await node('greeter', 'main.js', ...flags);
      expect(stdout).toMatch(/^greeter 1\.0\.0 says: hello from process \d+$/m);
      // Here stderr is not a terminal, so the server would log JSON.
      expect(stderr).not.toMatch(/^\{/m);
    },
  );

  it('the self-protection drill shows ten silent instances that stay listed until protection ends', async () => {
    const { stdout, stderr } = await node('self-protection-drill', 'drill.js');
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^healthy: 10 on the roll, 0 late\nsilent for twice the TTL: 10 on the roll, 10 late\nProtecting for [\d.]+ s: 10 of 10 are silent/,
    );
    expect(stdout).toMatch(/protection ended by hand: 0 on the roll, 0 late\n$/);
  });

  it('the adapter of examples/own-adapter keeps the contract', async () => {
    expect((await node('own-adapter', '--test', 'conformance.js')).stdout).toMatch(/^# fail 0$/m);
  }, 90_000);

  it('the tests of examples/testing-your-service pass', async () => {
    expect((await node('testing-your-service', '--test')).stdout).toMatch(/^# fail 0$/m);
  });
});

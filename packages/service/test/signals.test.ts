import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type Program, startProgram } from '../../backends/src/index.ts';

const file = fileURLToPath(new URL('./program.js', import.meta.url));
const programs: Program[] = [];
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL');
});

/** Starts the program in a process of its own; the test can wait for what the program prints. */
function start(...args: string[]) {
  const program = startProgram([file, ...args]);
  programs.push(program);
  const { output } = program;
  const says = async (text: string): Promise<void> => {
    const deadline = Date.now() + 15_000;
    while (!`${output.out}${output.err}`.includes(text)) {
      if (Date.now() > deadline) throw new Error(`it did not say ${text} within 15 s: ${output.out}${output.err}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { ...program, says };
}

describe('run', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'service.run() withdraws, closes the server and exits with 0 after %s',
    async (signal) => {
      const { child, output, ended, says } = start();
      await says('registered\n');
      child.kill(signal);
      expect((await ended).code).toBe(0);
      expect(output.out).toBe('ready\nregistered\nstopped\nleft: 0, listening: false\n');
      expect(output.err).toMatch(
        /^rollcall greeter: advertising 127\.0\.0\.1:\d+ \(the bound address\)\nrollcall greeter: registered as greeter-\S+ at 127\.0\.0\.1:\d+\n$/,
      );
    },
  );

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('service.run() ends a slow stop at once after a second %s', async (signal, code) => {
    const { child, output, ended, says } = start('slow');
    await says('registered\n');
    child.kill(signal);
    // A process sees two signals that arrive together as one, so the test repeats the signal until the process ends.
    const again = setInterval(() => child.kill(signal), 100);
    expect((await ended).code).toBe(code);
    clearInterval(again);
    expect(output.out).not.toContain('stopped');
  });

  it('service.run() ends at a signal even if its server never listens', async () => {
    const { child, output, ended, says } = start('never');
    await says('ready\n');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(output.out).toBe('ready\nstopped\nleft: 0, listening: false\n');
  });

  it.each([
    ['stop() keeps the process alive until the service is drained, even when its server is closed already', 'closed'],
    ['start() keeps the process alive until the server listens', 'later'],
  ])('%s', async (_claim, mode) => {
    const { output, ended } = start(mode);
    expect((await ended).code).toBe(0);
    expect(output.out).toBe('ready\nregistered\nstopped\nleft: 0, listening: false\n');
  });
});

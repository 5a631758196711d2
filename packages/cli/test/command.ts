import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Program, type ProgramOptions, startProgram } from '../../backends/src/index.ts';

/** The path of the real command. */
export const bin: string = fileURLToPath(new URL('../bin/rollcall.js', import.meta.url));

const running = new Set<Program>();

/** Starts the real command. */
export function start(
  args: readonly string[],
  { entry = bin, ...options }: ProgramOptions & { entry?: string } = {},
): Program {
  const program = startProgram([entry, ...args], options);
  running.add(program);
  void program.ended.then(() => running.delete(program));
  return program;
}

/** Starts `rollcall serve`; returns the command with the server's host and port when the server listens. */
export async function serve(...args: string[]): Promise<Program & { readonly address: string }> {
  const started = start(['serve', '--json', ...args]);
  const [line] = (await once(createInterface(started.child.stdout), 'line')) as [string];
  return { ...started, address: new URL((JSON.parse(line) as { url: string }).url).host };
}

/** Asks the server itself for the node ids of a service, because a command takes seconds on a busy machine. */
export async function idsOf(address: string, service: string): Promise<readonly string[]> {
  const answer = await fetch(`http://${address}/api/fetch?env=default&appid=${service}`);
  const { data } = (await answer.json()) as { data: { instances: readonly { hostname: string }[] } };
  return data.instances.map(({ hostname }) => hostname);
}

/** Kills the commands that still run, except those that the next test needs. */
export function killAll(...but: readonly (Program | undefined)[]): void {
  const kept = but.map((program) => program?.child);
  for (const { child } of running) if (!kept.includes(child)) child.kill('SIGKILL');
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { discovery } from '../../../adapters/discovery/src/index.ts';
import { freePorts } from '../../../backends/src/index.ts';
import { describeOutages } from './outages.ts';

const binary = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));

async function serve(port: number): Promise<ChildProcess> {
  const args = [binary, 'serve', '--port', `${port}`, '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('the server has no output');
  await once(createInterface(child.stdout), 'line');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describeOutages('a discovery server', async () => {
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  let child = await serve(port);
  return {
    registry: discovery({ addresses: [address] }),
    env: { ROLLCALL_REGISTRY: 'discovery', ROLLCALL_REGISTRY_ADDRESS: address },
    kill: () => kill(child),
    start: async () => {
      child = await serve(port);
    },
    dispose: () => kill(child),
  };
});

/** Addresses on loopback that swallow connection attempts, as the addresses of a lost host do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { pause } from './stage.ts';

const program = `
  const server = require('node:net').createServer();
  server.listen({ host: '0.0.0.0', port: 0, backlog: 1 }, () => console.log(server.address().port));
`;

export interface BlackHole extends AsyncDisposable {
  /** Every address 127.x.y.z swallows connection attempts at this port. */
  readonly port: number;
}

async function connects(socket: Socket): Promise<boolean> {
  return Promise.race([once(socket, 'connect').then(() => true), pause(300).then(() => false)]);
}

/** Stops a listener and fills its backlog, so that the kernel drops every further connection attempt. */
export async function blackHole(): Promise<BlackHole> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  const port = Number(line);
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  let isFull = false;
  while (!isFull && sockets.length < 16) {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    sockets.push(socket);
    isFull = !(await connects(socket));
  }
  if (!isFull) throw new Error('the backlog does not fill up');
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

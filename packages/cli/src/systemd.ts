import { execFile } from 'node:child_process';
import type { Logger } from '@rollcall/core';

/** Tells the service manager of the server's state. */
export interface ServiceManager {
  ready(status: string): void;
  stopping(): void;
}

const none: ServiceManager = { ready() {}, stopping() {} };

/**
 * Under systemd with `Type=notify` the server reports when it is ready, so that dependent units start then and not
 * before. It runs the program `systemd-notify`, because the message is a unix datagram, which Node cannot send, and a
 * native addon would bring an install script. Without systemd it does nothing.
 */
export function serviceManager(env: NodeJS.ProcessEnv, logger: Logger): ServiceManager {
  const { NOTIFY_SOCKET: socket, PATH } = env;
  if (socket === undefined || socket === '') return none;
  const tell = (...state: readonly string[]): void => {
    // The program gets no other variables of the environment, because it needs none.
    execFile('systemd-notify', state, { env: { NOTIFY_SOCKET: socket, PATH }, timeout: 10_000 }, (error) => {
      if (error === null) return;
      logger.warn(
        { err: error },
        'systemd was not told of the state of the server, because systemd-notify failed: install it, or use Type=exec in the unit',
      );
    });
  };
  return {
    ready: (status) => tell('--ready', `--status=${status}`),
    stopping: () => tell('STOPPING=1'),
  };
}

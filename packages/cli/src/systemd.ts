import { execFile } from 'node:child_process';
import type { Logger } from '@rollcall/core';

/** How the service manager is told of the server's life. */
export interface ServiceManager {
  ready(status: string): void;
  stopping(): void;
}

const none: ServiceManager = { ready() {}, stopping() {} };

/**
 * Under systemd with `Type=notify` the server says when it is ready, so that what needs it starts then and not before. It
 * does so by the program `systemd-notify`: the message is a unix datagram, which Node has not, and a native addon would bring
 * an install script. Elsewhere nothing is told.
 */
export function serviceManager(env: NodeJS.ProcessEnv, logger: Logger): ServiceManager {
  const { NOTIFY_SOCKET: socket, PATH } = env;
  if (socket === undefined || socket === '') return none;
  const tell = (...state: readonly string[]): void => {
    // Nothing else of the environment: the program needs none of it.
    execFile('systemd-notify', state, { env: { NOTIFY_SOCKET: socket, PATH }, timeout: 10_000 }, (error) => {
      if (error === null) return;
      logger.warn({ err: error }, 'systemd was not told: NOTIFY_SOCKET is set and systemd-notify failed');
    });
  };
  return {
    ready: (status) => tell('--ready', `--status=${status}`),
    stopping: () => tell('STOPPING=1'),
  };
}

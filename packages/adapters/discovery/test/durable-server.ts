import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Harness } from '../../../conformance/src/index.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

/** A discovery server that keeps its roll in a folder of its own. */
export class DurableServer extends ServerProcess {
  readonly folder: string;

  constructor(
    args: readonly string[] = ['--protection', 'off', '--no-warm-up'],
    folder = mkdtempSync(join(tmpdir(), 'rollcall-data-')),
  ) {
    super([...args, '--data-dir', folder, '--log-level', 'error']);
    this.folder = folder;
  }

  /** Ends it and removes its folder. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What the conformance suite does to such a server. */
export function harnessOf(server: DurableServer): Harness {
  const stop = async (): Promise<void> => void (await server.kill('SIGKILL'));
  return {
    open: (options) => discovery({ ...options, addresses: [server.address] }),
    faults: {
      stop,
      start: () => server.start(),
      freeze: async () => server.freeze(),
      resume: async () => server.resume(),
      wipe: async () => {
        await stop();
        rmSync(server.folder, { recursive: true, force: true });
        await server.start();
      },
    },
  };
}

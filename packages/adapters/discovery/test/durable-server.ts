import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  override async wipe(): Promise<void> {
    await this.remove();
    await this.start();
  }

  /** Ends the server and removes its folder. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

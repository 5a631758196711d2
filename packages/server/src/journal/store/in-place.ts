import { statSync } from 'node:fs';

/** Whether files are where they were opened. Writes to a removed file are lost when the process ends. */
export class InPlace {
  readonly #files: ReadonlyMap<string, string>;

  constructor(paths: readonly string[]) {
    this.#files = new Map(paths.map((path) => [path, inodeOf(path) ?? '']));
  }

  /** @throws Error when a file was removed, or another one is in its place. */
  check(): void {
    for (const [path, inode] of this.#files) {
      if (inodeOf(path) === inode) continue;
      const advice = 'bring it back, or start the server again, and the services register again by themselves';
      throw new Error(`${path} was removed or replaced; ${advice}`);
    }
  }
}

/** The device and inode of a file; undefined: the file does not exist. */
function inodeOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

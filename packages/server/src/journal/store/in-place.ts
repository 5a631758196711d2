import { statSync } from 'node:fs';

/** Whether files are where they were opened: what is written to one that was removed is gone with the process. */
export class InPlace {
  readonly #files: ReadonlyMap<string, string>;

  constructor(paths: readonly string[]) {
    this.#files = new Map(paths.map((path) => [path, inodeOf(path) ?? '']));
  }

  /** @throws Error when one was removed, or another is in its place. */
  check(): void {
    for (const [path, inode] of this.#files) {
      if (inodeOf(path) === inode) continue;
      const advice = 'bring it back, or start the server again, and the services register again by themselves';
      throw new Error(`${path} was removed or replaced; ${advice}`);
    }
  }
}

/** Undefined: there is no such file. */
function inodeOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

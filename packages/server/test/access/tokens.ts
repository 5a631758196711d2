import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Grant, hashToken, newToken, type TokenEntry, writeTokensFile } from '../../src/index.ts';

/** A tokens file in a folder of its own. */
export class TokensFile implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'rollcall-tokens-'));
  readonly path: string = join(this.folder, 'tokens.json');
  #entries: TokenEntry[] = [];

  constructor() {
    this.#write();
  }

  /** Adds a token, or replaces the token of the same name; returns the token. */
  add(name: string, grants: Partial<Grant> | readonly Grant[], maxInstances?: number): string {
    const token = newToken();
    const list: readonly Grant[] = Array.isArray(grants)
      ? grants
      : [{ role: 'admin', envs: ['*'], services: ['*'], ...grants }];
    this.#entries = [
      ...this.#entries.filter((entry) => entry.name !== name),
      { name, hash: hashToken(token), grants: list, ...(maxInstances === undefined ? {} : { maxInstances }) },
    ];
    this.#write();
    return token;
  }

  remove(name: string): void {
    this.#entries = this.#entries.filter((entry) => entry.name !== name);
    this.#write();
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #write(): void {
    writeFileSync(this.path, writeTokensFile(this.#entries));
  }
}

import { RegistryError } from '@rollcall/core';
import { readTextFile } from '../http/read-text-file.ts';
import { Caller } from './caller.ts';
import { TokenIndex } from './token.ts';
import { parseTokensFile, type TokenEntry } from './tokens-file.ts';

interface Known {
  readonly caller: Caller;
  /** The rights as text. After a reload, a token with unchanged rights goes on undisturbed. */
  readonly rights: string;
}

/** The tokens of a server, read from its file. Without a file every client may do everything. */
export class Tokens {
  readonly #path: string | undefined;
  #index: TokenIndex<Known>;
  #known = new Map<Caller, string>();

  /** @throws RegistryError `INVALID_ARGUMENT`: the file cannot be read, or has a fault. */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#index = new TokenIndex([]);
    this.reload();
  }

  /** Whether a request needs a token. */
  get required(): boolean {
    return this.#path !== undefined;
  }

  /** The sender of a request; undefined: the token is not in the file. */
  find(token: string): Caller | undefined {
    return this.#index.find(token)?.caller;
  }

  /** Reads the file again. When it throws, the earlier tokens stay. */
  reload(): void {
    if (this.#path === undefined) return;
    const entries = readEntries(this.#path);
    const before = new Map([...this.#known].map(([caller, rights]) => [rights, caller]));
    const known = entries.map((entry): readonly [string, Known] => {
      const rights = JSON.stringify(entry);
      return [entry.hash, { rights, caller: before.get(rights) ?? callerOf(entry) }];
    });
    const kept = new Map(known.map(([, { caller, rights }]) => [caller, rights]));
    for (const caller of this.#known.keys()) if (!kept.has(caller)) caller.revoke();
    this.#index = new TokenIndex(known);
    this.#known = kept;
  }
}

const callerOf = ({ name, grants, maxInstances }: TokenEntry): Caller => new Caller({ name, grants, maxInstances });

function readEntries(path: string): readonly TokenEntry[] {
  const { entries, faults } = parseTokensFile(readText(path));
  if (faults === undefined) return entries;
  const message = `the tokens file ${path}: ${faults.join('; ')}`;
  throw new RegistryError('INVALID_ARGUMENT', message, { registry: 'server' });
}

function readText(path: string): string {
  try {
    return readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot read the tokens file: ${why}; ${remedyOf(cause)}`;
    throw new RegistryError('INVALID_ARGUMENT', message, { cause, registry: 'server' });
  }
}

/** What to do about a tokens file that cannot be read. */
export function remedyOf(cause: unknown): string {
  const isDenied = cause instanceof Error && 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM');
  return isDenied ? 'let the user of the server read it (chown, chgrp)' : 'make one with `rollcall token create`';
}

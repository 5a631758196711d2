import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseTokensFile, type TokenEntry, writeTokensFile } from '@rollcall/server';
import { CliError, exitCodes } from './exit-codes.ts';

/** The tokens of a file; none where there is no file. */
export function readTokens(path: string): readonly TokenEntry[] {
  if (!existsSync(path)) return [];
  const { entries, faults } = parseTokensFile(attempt(`cannot read ${path}`, () => readFileSync(path, 'utf8')));
  if (entries !== undefined) return entries;
  throw new CliError(exitCodes.usage, `the tokens file ${path}: ${faults.join('; ')}`);
}

/** Replaces the file as a whole: a server that reads it meanwhile sees the old one or the new one. */
export function writeTokens(path: string, entries: readonly TokenEntry[]): void {
  const draft = `${path}.${process.pid}.tmp`;
  attempt(`cannot write ${path}`, () => {
    writeFileSync(draft, writeTokensFile(entries), { mode: 0o600, flag: 'wx' });
    // A mode that the process's umask has narrowed is kept wide enough for the owner.
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  });
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new CliError(exitCodes.usage, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

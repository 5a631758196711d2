import {
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { parseTokensFile, type TokenEntry, writeTokensFile } from '@rollcall/server';
import { CliError, exitCodes } from './exit-codes.ts';

/** The tokens of a file; empty where there is no file. */
export function readTokens(path: string): readonly TokenEntry[] {
  if (!existsSync(path)) return [];
  const { entries, faults } = parseTokensFile(
    attempt('read', path, () => readFileSync(path, 'utf8').replace(/^\uFEFF/, '')),
  );
  if (entries !== undefined) return entries;
  throw new CliError(exitCodes.usage, `the tokens file ${path}: ${faults.join('; ')}`);
}

/** Replaces the file as a whole, so that a server that reads it meanwhile gets the old one or the new one. */
export function writeTokens(path: string, entries: readonly TokenEntry[]): void {
  attempt('write', path, () => {
    // Replaces the target of a link, not the link.
    const file = existsSync(path) ? realpathSync(path) : path;
    const draft = `${file}.${process.pid}.tmp`;
    writeFileSync(draft, writeTokensFile(entries), { mode: 0o600, flag: 'wx' });
    try {
      keepOwner(file, draft);
      renameSync(draft, file);
    } catch (cause) {
      rmSync(draft, { force: true });
      throw cause;
    }
  });
}

/** Keeps owner and mode, since a server under another user must still be able to read the file. */
function keepOwner(file: string, draft: string): void {
  if (!existsSync(file)) return;
  const { uid, gid, mode } = statSync(file);
  const own = statSync(draft);
  if (own.uid !== uid || own.gid !== gid) chownSync(draft, uid, gid);
  chmodSync(draft, mode & 0o777);
}

function attempt<T>(what: 'read' | 'write', path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot ${what} the tokens file ${path}: ${why}; name one that this user may ${what} with --tokens-file`;
    throw new CliError(exitCodes.usage, message);
  }
}

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createServer as createNetServer } from 'node:net';
import { dirname } from 'node:path';
import { explainBind } from './http/explain-bind.ts';
import { folderProblem } from './journal/folder-problems.ts';
import { defaultHost, defaultPort, type OptionProblem, type ServerOptions } from './server-options.ts';

/** The problems that would prevent a start on this machine now. */
export interface StartCheck {
  /** A start would fail. */
  readonly problems: readonly OptionProblem[];
  /** A start would fail now, and may succeed later. */
  readonly warnings: readonly OptionProblem[];
}

/**
 * Checks what a server with these options would write to, and tries its port. It leaves nothing behind. A data folder
 * in use is a problem, unless the port is taken too, since then the running server most likely has these options.
 */
export async function checkStart(options: ServerOptions): Promise<StartCheck> {
  const { dataDir, auditLog, host = defaultHost, port = defaultPort } = options;
  const problems: OptionProblem[] = [];
  const warnings = (await portProblem(host, port)).map((message): OptionProblem => ({ option: 'port', message }));
  const folder = dataDir === undefined ? undefined : folderProblem(dataDir);
  if (folder !== undefined) {
    const list = folder.isInUse && warnings.length > 0 ? warnings : problems;
    list.push({ option: 'dataDir', message: folder.message });
  }
  warnings.push(...openFiles(options));
  const fault = auditLog === undefined ? undefined : writeFault(auditLog);
  if (fault !== undefined) problems.push({ option: 'auditLog', message: fault });
  return { problems, warnings };
}

/** Files that too many users of this machine can read or write. */
function openFiles({ tokensFile, tlsKey }: ServerOptions): readonly OptionProblem[] {
  const warnings: OptionProblem[] = [];
  if (tokensFile !== undefined && modeOf(tokensFile) & 0o002)
    warnings.push({ option: 'tokensFile', message: `every user of this machine may write ${tokensFile}: chmod o-w` });
  if (tlsKey !== undefined && modeOf(tlsKey) & 0o006)
    warnings.push({ option: 'tlsKey', message: `every user of this machine may read ${tlsKey}: chmod o-rw` });
  return warnings;
}

/**
 * The mode of a file. It is 0 for a missing file, which another check reports, and on Windows, which has no such modes.
 */
const modeOf = (path: string): number =>
  process.platform === 'win32' ? 0 : (statSync(path, { throwIfNoEntry: false })?.mode ?? 0);

function writeFault(file: string): string | undefined {
  const folder = dirname(file);
  if (!existsSync(folder)) return `cannot open the audit log ${file}: there is no folder ${folder}, so make it`;
  try {
    accessSync(existsSync(file) ? file : folder, constants.W_OK);
    return undefined;
  } catch {
    return `cannot open the audit log ${file}: no permission to write it, so give it to the user of the server`;
  }
}

/** Why the port cannot be bound; undefined: it can. */
function portProblem(host: string, port: number): Promise<readonly string[]> {
  const attempt = createNetServer();
  return new Promise((resolve) => {
    attempt.once('error', (cause) => resolve([explainBind(cause, host, port)]));
    attempt.listen({ host, port }, () => attempt.close(() => resolve([])));
  });
}

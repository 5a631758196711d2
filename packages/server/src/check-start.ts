import { accessSync, constants, existsSync } from 'node:fs';
import { createServer as createNetServer } from 'node:net';
import { dirname } from 'node:path';
import { explainBind } from './explain-bind.ts';
import { folderProblem } from './journal/folder-problems.ts';
import { defaultHost, defaultPort, type OptionProblem, type ServerOptions } from './server-options.ts';

/** What stands in the way of a start, on this machine and now. */
export interface StartCheck {
  /** A start would fail. */
  readonly problems: readonly OptionProblem[];
  /** A start would fail now, and may succeed later. */
  readonly warnings: readonly OptionProblem[];
}

/**
 * Looks at what a server with these options would write to, and tries its port. Nothing is left behind. A data folder in use is
 * a problem, unless the port is taken too: then the server that runs is most likely the one that these options are for.
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
  const fault = auditLog === undefined ? undefined : writeFault(auditLog);
  if (fault !== undefined) problems.push({ option: 'auditLog', message: fault });
  return { problems, warnings };
}

function writeFault(file: string): string | undefined {
  const folder = dirname(file);
  if (!existsSync(folder)) return `cannot open the audit log ${file}: there is no folder ${folder}`;
  try {
    accessSync(existsSync(file) ? file : folder, constants.W_OK);
    return undefined;
  } catch {
    return `cannot open the audit log ${file}: no permission to write it`;
  }
}

/** Why the port cannot be bound, if so. */
function portProblem(host: string, port: number): Promise<readonly string[]> {
  const attempt = createNetServer();
  return new Promise((resolve) => {
    attempt.once('error', (cause) => resolve([explainBind(cause, host, port)]));
    attempt.listen({ host, port }, () => attempt.close(() => resolve([])));
  });
}

import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Given, Problem } from './given.ts';

/** A file larger than this is not read as a configuration. Bytes. */
const maxFileBytes = 1_048_576;

/** The content of a file: its values by name, and the lines that cannot be read. */
export interface FileSettings {
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly Problem[];
}

/**
 * Reads a file of settings: one `name: value` a line. Messages name the line and never repeat its content, which may be
 * a misplaced secret.
 */
export function readConfigFile(path: string): FileSettings {
  const given = new Map<string, Given>();
  const problems: Problem[] = [];
  const source = readText(path);
  if (typeof source !== 'string') return { given, problems: [source] };
  // The YAML parser is loaded only here, because most servers have no such file.
  const { isMap, isScalar, LineCounter, parseDocument } = createRequire(import.meta.url)(
    'yaml',
  ) as typeof import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, merge: false });
  const at = (offset: number | undefined): string => `${path}:${lines.linePos(offset ?? 0).line}`;
  for (const { message, pos } of [...document.errors, ...document.warnings])
    problems.push({ source: at(pos[0]), message: `the file is not valid YAML: ${message}` });
  const { contents } = document;
  if (problems.length > 0 || contents === null) return { given, problems };
  if (!isMap(contents)) {
    return { given, problems: [{ source: path, message: 'the file must hold settings, one `name: value` a line' }] };
  }
  for (const { key, value } of contents.items) {
    const node = isScalar(key) ? key : undefined;
    const where = at(node?.range?.[0]);
    if (typeof node?.value !== 'string')
      problems.push({ source: where, message: 'the name of a setting must be text' });
    // Aliases are not resolved, since settings are scalars and short lists.
    else given.set(node.value, { source: where, value: written(value) });
  }
  return { given, problems };
}

const written = (node: unknown): unknown =>
  typeof node === 'object' && node !== null && 'toJSON' in node && typeof node.toJSON === 'function'
    ? (node.toJSON() as unknown)
    : node;

function readText(path: string): string | Problem {
  try {
    if (statSync(path).size > maxFileBytes)
      return { source: path, message: `the file is larger than ${maxFileBytes} bytes: is it a file of settings?` };
    return readFileSync(path, 'utf8');
  } catch (cause) {
    return {
      source: path,
      message: `the file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}; name another with --config or ROLLCALL_SERVER_CONFIG`,
    };
  }
}

// Finds the public members with a docstring. A name is public when an entry point of a published package exports it.
import { dirname, join } from 'node:path/posix';

/** @typedef {import('./syntax.js').Source} Source @typedef {import('./syntax.js').Node} Node */

/** The part of public members that must have a docstring. `name` and `version` of a service, say, need none. */
export const documentedPart = 0.8;

const folderOf = (/** @type {string} */ path) => path.slice(0, path.indexOf('/src/'));

/**
 * Returns a test: does an entry point of a file's package export a name of the file, by name or by `export *`?
 * @param {readonly Source[]} sources
 */
function publicNames(sources) {
  /** @type {Map<string, Set<string>>} */
  const names = new Map();
  /** @type {Set<string>} */
  const whole = new Set();
  for (const { path, text } of sources) {
    if (!path.endsWith('/index.ts')) continue;
    const known = names.get(folderOf(path)) ?? new Set();
    for (const [word] of text.matchAll(/\b[A-Z]\w+\b/g)) known.add(word);
    names.set(folderOf(path), known);
    for (const [, file = ''] of text.matchAll(/\* from '(\.[^']+)'/g)) whole.add(join(dirname(path), file));
  }
  return (/** @type {string} */ path, /** @type {string} */ name) =>
    whole.has(path) || names.get(folderOf(path))?.has(name) === true;
}

const isMember = (/** @type {Node} */ { type, key, accessibility, override }) =>
  /^(?:TSPropertySignature|TSMethodSignature|PropertyDefinition|MethodDefinition)$/.test(type) &&
  key?.type === 'Identifier' &&
  key.name !== 'constructor' &&
  accessibility !== 'private' &&
  override !== true;

/**
 * Lists the members of public interfaces and classes, and whether each has a docstring just above it.
 * @param {readonly Source[]} sources
 */
export function publicMembers(sources) {
  const isPublic = publicNames(sources);
  return sources.flatMap(({ path, program, comments, text, lineOf }) => {
    const ends = new Set(
      comments
        .filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
        .map(({ end }) => end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0)),
    );
    return /** @type {readonly Node[]} */ (program.body)
      .map((statement) => (statement.type === 'ExportNamedDeclaration' ? statement.declaration : undefined))
      .filter((node) => node?.type === 'TSInterfaceDeclaration' || node?.type === 'ClassDeclaration')
      .filter((node) => isPublic(path, node.id.name))
      .flatMap((node) =>
        /** @type {readonly Node[]} */ (node.body.body).filter(isMember).map((member) => ({
          name: `${node.id.name}.${member.key.name}`,
          place: `${path}:${lineOf(member.start)}`,
          isDocumented: ends.has(member.start),
        })),
      );
  });
}

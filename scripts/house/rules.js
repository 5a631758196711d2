// The house rules that a script can check. Each rule takes a file and returns the problems in it.
import { walk } from './syntax.js';

/** @typedef {import('./syntax.js').Source} Source @typedef {import('./syntax.js').Node} Node */
/** @typedef {(source: Source) => string[]} Rule */

export const maxFileLines = 280;
export const maxFunctionLines = 60;

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Counts the lines of each function of a file. @param {Source} source */
export function functionLengths({ program, lineOf }) {
  /** @type {{ line: number, length: number }[]} */
  const lengths = [];
  walk(program, (node) => {
    if (!functions.has(node.type)) return;
    const line = lineOf(node.start);
    lengths.push({ line, length: lineOf(node.end) - line + 1 });
  });
  return lengths;
}

/** @type {Rule} A file holds one idea. */
export const shortFiles = ({ path, lines }) =>
  lines > maxFileLines ? [`${path} has ${lines} lines; at most ${maxFileLines}`] : [];

/** @type {Rule} */
export const shortFunctions = (source) =>
  functionLengths(source)
    .filter(({ length }) => length > maxFunctionLines)
    .map(({ line, length }) => `${source.path}:${line}: a function of ${length} lines; at most ${maxFunctionLines}`);

const declarations = new Set([
  'FunctionDeclaration',
  'ClassDeclaration',
  'VariableDeclaration',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'TSEnumDeclaration',
]);

/** @type {Rule} Every export has a docstring just above it. */
export function documentedExports({ path, program, comments, text, lineOf }) {
  const isDocumented = (/** @type {Node} */ { start }) =>
    comments.some(({ type, value, end }) => {
      const between = text.slice(end, start);
      return type === 'Block' && value.startsWith('*') && end <= start && /^\s*(?:\/\/[^\n]*\s*)*$/.test(between);
    });
  /** @type {readonly Node[]} */
  const statements = program.body;
  return statements
    .filter(({ type, declaration }) => type === 'ExportNamedDeclaration' && declarations.has(declaration?.type))
    .filter((statement) => !isDocumented(statement))
    .map(({ start }) => `${path}:${lineOf(start)}: an export without a docstring`);
}

/** @type {Rule} A comment names its subject: the server, a watcher, the caller. */
export const namedSubjects = ({ path, comments, lineOf }) =>
  comments.flatMap(({ value, start }) => {
    const [word] = /\b(?:whoever|nobody|anybody|everybody|everyone|somebody)\b/i.exec(value) ?? [];
    return word === undefined ? [] : [`${path}:${lineOf(start)}: "${word}" in a comment; name the subject`];
  });

/** @type {Rule} On Node 20 a garbage collection drops the timers of these signals: docs/design/time-and-deadlines.md. */
export function ownedSignals({ path, program, lineOf }) {
  /** @type {string[]} */
  const problems = [];
  walk(program, ({ type, object, property, start }) => {
    if (type !== 'MemberExpression' || object.name !== 'AbortSignal') return;
    if (property.name === 'timeout' || property.name === 'any')
      problems.push(`${path}:${lineOf(start)}: AbortSignal.${property.name}; use withDeadline of core/adapter`);
  });
  return problems;
}

/**
 * Makes the rule that no code outside an adapter compares or lists the names of adapters: code reads their descriptors.
 * @param {readonly string[]} names @returns {Rule}
 */
export const namelessAdapters =
  (names) =>
  ({ path, program, lineOf }) => {
    const isName = (/** @type {Node | null} */ node) =>
      node?.type === 'Literal' && typeof node.value === 'string' && names.includes(node.value);
    /** @type {string[]} */
    const problems = [];
    walk(program, (node) => {
      const isComparison = node.type === 'BinaryExpression' && (isName(node.left) || isName(node.right));
      const isCase = node.type === 'SwitchCase' && isName(node.test);
      const isList = node.type === 'ArrayExpression' && node.elements.filter(isName).length > 1;
      if (isComparison || isCase || isList)
        problems.push(`${path}:${lineOf(node.start)}: an adapter's name; read its descriptor instead`);
    });
    return problems;
  };

/** @type {Rule} Only the composition roots read the environment and the arguments of the process. */
export function inputSettings({ path, program, lineOf }) {
  /** @type {string[]} */
  const problems = [];
  walk(program, ({ type, object, property, start }) => {
    if (type !== 'MemberExpression' || object.name !== 'process') return;
    if (property.name === 'argv' || property.name === 'env')
      problems.push(`${path}:${lineOf(start)}: process.${property.name}; take settings as an argument`);
  });
  return problems;
}

/** @type {Rule} Code uses the system's clock only as the default of an option. */
export function injectedClock({ path, program, lineOf }) {
  /** @type {string[]} */
  const problems = [];
  walk(program, (node, [parent]) => {
    if (node.type !== 'Identifier' || node.name !== 'systemClock' || parent === undefined) return;
    const isDefault =
      (parent.type === 'AssignmentPattern' && parent.right === node) ||
      (parent.type === 'LogicalExpression' && parent.operator === '??' && parent.right === node);
    const isImport = parent.type.startsWith('Import') || parent.type.startsWith('Export');
    if (!isDefault && !isImport) problems.push(`${path}:${lineOf(node.start)}: systemClock; take a Clock`);
  });
  return problems;
}

/** Lists the relative imports of a file, types included. @param {Source} source */
export function relativeImports({ program }) {
  /** @type {readonly Node[]} */
  const statements = program.body;
  return statements.flatMap(({ source }) => (source?.value?.startsWith('.') ? [String(source.value)] : []));
}

/** Pure: the text of a tokens file <-> its entries. */
import { anything, type Grant, patternShape, type Role, roles } from './grant.ts';
import { isTokenHash } from './token.ts';

/** A token in a tokens file, which holds only its hash. */
export interface TokenEntry {
  /** The token's name, for logs and the audit log. */
  readonly name: string;
  /** `sha256:` and 64 hex digits. */
  readonly hash: string;
  /** What the token may do, and where. */
  readonly grants: readonly Grant[];
  /** The most instances that the token may have on the roll. */
  readonly maxInstances?: number | undefined;
}

/** The form of an entry's name. Names are written into logs as they are. */
export const tokenNameShape: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/** Most tokens of a file. */
export const maxTokens = 10_000;

/** The entries of a file, or all its faults. */
export type TokensFile =
  | { readonly entries: readonly TokenEntry[]; readonly faults?: undefined }
  | { readonly entries?: undefined; readonly faults: readonly string[] };

/** Reads a file's text. A fault never repeats a value, since an operator may have written the token itself there. */
export function parseTokensFile(text: string): TokensFile {
  const value = parseJson(text);
  if (value === undefined) return { faults: ['it is not JSON, as `rollcall token create` writes it'] };
  if (!isRecord(value) || !Array.isArray(value.tokens))
    return { faults: ['it must be an object with a list `tokens`'] };
  const { tokens } = value;
  if (tokens.length > maxTokens)
    return { faults: [`it may have at most ${maxTokens} tokens, and has ${tokens.length}`] };
  const faults = [
    ...unknownFields(value, ['tokens'], ''),
    ...tokens.flatMap((token, index) => faultsOf(token, `tokens[${index}]`)),
  ];
  if (faults.length > 0) return { faults };
  const entries: readonly TokenEntry[] = tokens;
  for (const field of ['name', 'hash'] as const) {
    const seen = new Set<string>();
    const twice = entries.findIndex((entry) => seen.size === seen.add(entry[field]).size);
    if (twice >= 0) faults.push(`tokens[${twice}].${field}: an earlier token has the same, so choose another`);
  }
  return faults.length > 0 ? { faults } : { entries };
}

/** The text of a file with these entries. */
export const writeTokensFile = (entries: readonly TokenEntry[]): string =>
  `${JSON.stringify({ tokens: entries }, undefined, 2)}\n`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A misspelt field would be a limit that is silently not applied, so it is a fault. */
const unknownFields = (value: object, known: readonly string[], where: string): string[] =>
  Object.keys(value)
    .filter((field) => !known.includes(field))
    .map(
      (field) =>
        `${where}${where && '.'}${JSON.stringify(field.slice(0, 40))} is unknown: the fields are ${known.join(', ')}`,
    );

function faultsOf(token: unknown, where: string): string[] {
  if (!isRecord(token)) return [`${where} must be an object`];
  const { name, hash, grants, maxInstances } = token;
  const faults = unknownFields(token, ['name', 'hash', 'grants', 'maxInstances'], where);
  if (typeof name !== 'string' || !tokenNameShape.test(name))
    faults.push(
      `${where}.name must be 1-63 letters, digits, dots, hyphens and underscores, and begin with a letter or digit`,
    );
  if (!isTokenHash(hash))
    faults.push(`${where}.hash must be sha256: and 64 hex digits, as \`rollcall token create\` writes it`);
  if (maxInstances !== undefined && !(Number.isSafeInteger(maxInstances) && Number(maxInstances) >= 0))
    faults.push(`${where}.maxInstances must be a whole number, 0 or more`);
  if (!Array.isArray(grants) || grants.length === 0)
    faults.push(`${where}.grants must be a list of at least one grant`);
  else faults.push(...grants.flatMap((grant, index) => faultsOfGrant(grant, `${where}.grants[${index}]`)));
  return faults;
}

function faultsOfGrant(grant: unknown, where: string): string[] {
  if (!isRecord(grant)) return [`${where} must be an object`];
  const faults = unknownFields(grant, ['role', 'envs', 'services'], where);
  if (!roles.includes(grant.role as Role)) faults.push(`${where}.role must be one of ${roles.join(', ')}`);
  for (const field of ['envs', 'services'] as const)
    if (!isPatterns(grant[field])) faults.push(`${where}.${field} ${patternRule}`);
  return faults;
}

const patternRule = `must be a list of names, of prefixes such as "web-*", or ["${anything}"] for all`;

const isPatterns = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= 1_000 &&
  value.every((pattern) => typeof pattern === 'string' && patternShape.test(pattern));

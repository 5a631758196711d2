/** Version ranges: a subset of npm's semver, and comparison as text for everything else. */

type Tuple = readonly [number, number, number];
interface Version {
  readonly tuple: Tuple;
  readonly prerelease: readonly (string | number)[];
}
interface Comparator {
  /** Whether the order of a version relative to `version` (-1, 0 or 1) satisfies the comparator. */
  readonly test: (order: number) => boolean;
  readonly version: Version;
}

const number = '(0|[1-9]\\d*)';
const identifier = '(?:0|[1-9]\\d*|\\d*[a-zA-Z-][a-zA-Z0-9-]*)';
const tail = `(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?`;
const fullVersion = new RegExp(`^\\s*v?${number}\\.${number}\\.${number}${tail}\\s*$`);
const part = '(0|[1-9]\\d*|[xX*])';
const partial = new RegExp(`^(\\^|~|>=|<=|>|<|=)?v?${part}(?:\\.${part}(?:\\.${part}${tail})?)?$`);

function parsePrerelease(text: string | undefined): readonly (string | number)[] {
  return text?.split('.').map((item) => (/^\d+$/.test(item) ? Number(item) : item)) ?? [];
}

const isSafe = (tuple: readonly number[]): boolean => tuple.every(Number.isSafeInteger);

function parseVersion(text: string): Version | undefined {
  const [matched, major, minor, patch, prerelease] = fullVersion.exec(text) ?? [];
  const tuple: Tuple = [Number(major), Number(minor), Number(patch)];
  return matched === undefined || text.length > 256 || !isSafe(tuple)
    ? undefined
    : { tuple, prerelease: parsePrerelease(prerelease) };
}

function compareItems(a: string | number, b: string | number): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareVersions(a: Version, b: Version): number {
  for (const [index, value] of a.tuple.entries()) {
    const difference = value - (b.tuple[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length;
  for (let index = 0; ; index += 1) {
    const [left, right] = [a.prerelease[index], b.prerelease[index]];
    if (left === undefined || right === undefined) return (left === undefined ? 0 : 1) - (right === undefined ? 0 : 1);
    const order = compareItems(left, right);
    if (order !== 0) return order;
  }
}

const atLeast = (order: number): boolean => order >= 0;
const isAtLeast = (version: Version): Comparator => ({ test: atLeast, version });
/** Whether every release matches. */
const isAny = ({ test, version: { tuple, prerelease } }: Comparator): boolean =>
  test === atLeast && prerelease.length === 0 && tuple.every((value) => value === 0);
/** `-0` is the smallest prerelease, so this bound leaves out prereleases of itself. */
const isBelow = (tuple: Tuple): Comparator => ({ test: (order) => order < 0, version: { tuple, prerelease: [0] } });

/** The first version after all versions that share the first `kept` numbers. */
function after([major, minor, patch]: Tuple, kept: number): Tuple {
  if (kept <= 1) return [major + 1, 0, 0];
  return kept === 2 ? [major, minor + 1, 0] : [major, minor, patch + 1];
}

/** The numbers that a caret lets vary: all to the right of the first number that is not 0. */
function caretKeeps([major, minor]: Tuple, given: number): number {
  if (major > 0 || given === 1) return 1;
  return minor > 0 || given === 2 ? 2 : 3;
}

function simple(operator: string, version: Version, given: number): readonly Comparator[] {
  const { tuple } = version;
  const isWhole = given === 3;
  switch (operator) {
    case '^':
      return [isAtLeast(version), isBelow(after(tuple, caretKeeps(tuple, given)))];
    case '~':
      return [isAtLeast(version), isBelow(after(tuple, Math.min(2, given)))];
    case '>=':
      return [isAtLeast(version)];
    case '<':
      return isWhole ? [{ test: (order) => order < 0, version }] : [isBelow(tuple)];
    case '<=':
      return isWhole ? [{ test: (order) => order <= 0, version }] : [isBelow(after(tuple, given))];
    case '>':
      return isWhole
        ? [{ test: (order) => order > 0, version }]
        : [isAtLeast({ tuple: after(tuple, given), prerelease: [] })];
    default:
      return isWhole ? [{ test: (order) => order === 0, version }] : [isAtLeast(version), isBelow(after(tuple, given))];
  }
}

/** The comparators that a text stands for; undefined for a text outside this subset. */
function parseComparator(text: string): readonly Comparator[] | undefined {
  const [matched, operator = '', ...rest] = partial.exec(text) ?? [];
  if (matched === undefined) return undefined;
  const numbers = rest.slice(0, 3).map((item) => (item === undefined ? Number.NaN : Number(item)));
  const firstOpen = numbers.findIndex(Number.isNaN);
  const given = firstOpen === -1 ? 3 : firstOpen;
  // A number after an open part (`1.x.3`) has no agreed meaning.
  if (numbers.slice(given).some((value) => !Number.isNaN(value))) return undefined;
  const at = (index: number): number => (index < given ? (numbers[index] ?? 0) : 0);
  const tuple: Tuple = [at(0), at(1), at(2)];
  if (!isSafe(tuple)) return undefined;
  // `<*` and `>*` match nothing; every other operator on `*` matches all releases.
  if (given === 0)
    return operator === '<' || operator === '>' ? [isBelow([0, 0, 0])] : [isAtLeast({ tuple, prerelease: [] })];
  return simple(operator, { tuple, prerelease: given === 3 ? parsePrerelease(rest[3]) : [] }, given);
}

function satisfies(version: Version, comparators: readonly Comparator[]): boolean {
  if (!comparators.every((comparator) => comparator.test(compareVersions(version, comparator.version)))) return false;
  // A prerelease matches only where the range names a prerelease of the same release.
  return (
    version.prerelease.length === 0 ||
    comparators.some(
      ({ version: { tuple, prerelease } }) =>
        prerelease.length > 0 && tuple.every((value, index) => value === version.tuple[index]),
    )
  );
}

/** As in npm, a comparator that matches every release has no effect beside others: `1.0.0-rc x` is `1.0.0-rc`. */
function withoutAny(set: readonly Comparator[]): readonly Comparator[] {
  const others = set.filter((comparator) => !isAny(comparator));
  return others.length === 0 ? set : others;
}

/** Whether a version is in the range. A version that equals the range as text always is. */
export function parseRange(range: string): (version: string) => boolean {
  const sets = range.split('||').map((set) => {
    const items = set
      .replace(/(\^|~|>=|<=|>|<|=)\s+/g, '$1')
      .split(/\s+/)
      .filter((item) => item !== '')
      .map(parseComparator);
    return items.some((item) => item === undefined) ? undefined : withoutAny(items.flatMap((item) => item ?? []));
  });
  const isRange = range.trim() !== '' && sets.every((set) => set !== undefined && set.length > 0);
  // As in npm, an alternative that matches every release makes the others void, with the prereleases that they name.
  const any = sets.find((set) => set?.every(isAny));
  const alternatives = any === undefined ? sets : [any];
  return (text) => {
    if (text === range) return true;
    const version = isRange ? parseVersion(text) : undefined;
    return version !== undefined && alternatives.some((set) => set !== undefined && satisfies(version, set));
  };
}

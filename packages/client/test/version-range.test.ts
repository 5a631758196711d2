import fc from 'fast-check';
import { satisfies } from 'semver';
import { describe, expect, it } from 'vitest';
import { parseRange } from '../src/select/version-range.ts';

const small = fc.integer({ min: 0, max: 3 }).map(String);
const prerelease = fc
  .array(fc.constantFrom('alpha', 'rc', '0', '1', '10', 'x-1'), { minLength: 1, maxLength: 2 })
  .map((parts) => `-${parts.join('.')}`);
const version = fc
  .tuple(small, small, small, fc.option(prerelease, { nil: '' }), fc.constantFrom('', '', '+build.5'))
  .map(([major, minor, patch, pre, build]) => `${major}.${minor}.${patch}${pre}${build}`);
const open = fc.constantFrom('x', 'X', '*');
const partial = fc.oneof(
  small,
  fc.tuple(small, fc.oneof(small, open)).map((parts) => parts.join('.')),
  fc.tuple(small, small, open).map((parts) => parts.join('.')),
  fc.tuple(small, open, open).map((parts) => parts.join('.')),
  version,
  open,
);
const comparator = fc
  .tuple(fc.constantFrom('', '', '^', '~', '>=', '<=', '>', '<', '='), fc.constantFrom('', '', ' '), partial)
  .map(([operator, space, text]) => `${operator}${operator === '' ? '' : space}${text}`);
const range = fc
  .array(
    fc.array(comparator, { minLength: 1, maxLength: 3 }).map((set) => set.join(' ')),
    { minLength: 1, maxLength: 2 },
  )
  .map((sets) => sets.join(' || '));

describe('a version range', () => {
  it('a version range matches the versions that it matches in npm', () => {
    fc.assert(
      fc.property(version, range, (text, wanted) => {
        // A version that equals the range as text always matches. npm agrees for build numbers and prereleases.
        if (text === wanted) return;
        expect(parseRange(wanted)(text), `${text} in ${wanted}`).toBe(satisfies(text, wanted));
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ['1', '1.9.0', true],
    ['1.2.x', '1.3.0', false],
    ['^0.2', '0.3.0', false],
    ['>=1.2 <3', '2.9.9', true],
    ['~1.2.3', '1.2.9-rc.1', false],
    ['1 || 3', '3.0.1', true],
    ['0.0.0-alpha x || 0.0.0', '0.0.0-alpha', true],
    ['>=99999999999999999999', '1.0.0', false],
  ])('the range %s covers the version %s: %s', (wanted, text, isIn) => expect(parseRange(wanted)(text)).toBe(isIn));

  it.each(['latest', '2024-05', '', '1.0 - 2.0', 'v1 beta', '01.2', '1.x.3'])(
    'a range that is not semver is compared as text: %j',
    (text) => {
      expect(parseRange(text)(text)).toBe(true);
      expect(parseRange(text)('1.5.0')).toBe(false);
    },
  );

  it('a version that is not semver is in no range, and equals itself', () => {
    expect(parseRange('>=0')('latest')).toBe(false);
    expect(parseRange('1')('1')).toBe(true);
  });
});

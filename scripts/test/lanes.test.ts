import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isIn, lanes, leftOut } from '../lanes.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = readdirSync(root, { withFileTypes: true })
  .filter(
    (entry) => entry.isDirectory() && ['packages', 'examples', 'interop', 'scripts', 'bench'].includes(entry.name),
  )
  .flatMap(({ name }) => testsIn(name));

/** Lists every test file below a folder, by its path from the root. */
function testsIn(folder: string): readonly string[] {
  return readdirSync(`${root}${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testsIn(path);
    return /\.(?:test|long)\.ts$/.test(path) ? [path] : [];
  });
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('lanes', () => {
  it('each lanes.json names existing files, and needs that are words of lanes.js or programs that can be brought', () => {
    const programs = readFileSync(`${root}packages/backends/src/bring.ts`, 'utf8');
    for (const [need, globs] of lanes) {
      if (!['lan', 'go', 'systemd', 'slow', 'long'].includes(need))
        expect(programs).toMatch(new RegExp(`^ {2}'?${need}'?: \\{`, 'm'));
      for (const glob of globs) {
        const folder = glob.slice(0, glob.indexOf('/test/'));
        const named = files.filter((file) => file.startsWith(`${folder}/`) && isIn(need, file));
        expect(named, `${need}: ${glob}`).not.toEqual([]);
      }
    }
  });

  it.each([
    ['etcd', /\betcd(?:Node|Cluster)\(/],
    ['consul', /\bconsulAgent\(/],
    ['lan', /\bLan\.create\(/],
    ['go', /\bbuildGoMicro\(/],
  ])(
    'every test file that starts the program of the lane %s is in that lane, or looks first whether it can',
    (need, starts) => {
      const starting = files.filter((file) => {
        const text = readFileSync(`${root}${file}`, 'utf8');
        return starts.test(text) && !text.includes('canMakeLan()');
      });
      expect(starting).not.toEqual([]);
      expect(starting.filter((file) => !isIn(need, file))).toEqual([]);
    },
  );

  it.each([
    ['etcd', 'packages/adapters/etcd/test/conformance-cluster.test.ts', true],
    ['etcd', 'packages/adapters/etcd/test/mapping.test.ts', false],
    ['lan', 'packages/adapters/mdns/test/lan.test.ts', true],
    ['lan', 'packages/adapters/mdns/test/loopback.test.ts', false],
    ['any', 'packages/backends/test/both/life.test.ts', true],
    ['any', 'packages/core/test/model.test.ts', false],
  ])('a lanes.json puts a file into the lane %s: %s', (need, file, expected) => {
    expect(files).toContain(file);
    expect(isIn(need, file)).toBe(expected);
  });

  it('on a machine without programs each lane says what is missing and how to get it', () => {
    vi.stubEnv('PATH', '');
    vi.stubEnv('CI', undefined);
    vi.stubEnv('ROLLCALL_QUICK', undefined);
    const say = vi.spyOn(console, 'log').mockImplementation(() => {});
    expect(leftOut()).toContain('packages/backends/test/**');
    expect(leftOut().filter((glob) => glob.includes('adapters/memory'))).toEqual([]);
    const said = say.mock.calls.flat().join('\n');
    for (const what of ['`etcd` on PATH', '`consul` on PATH', 'iproute2', 'go.dev/dl']) expect(said).toContain(what);
  });

  it('with CI set nothing is left out, whatever is missing', () => {
    vi.stubEnv('PATH', '');
    vi.stubEnv('CI', 'true');
    vi.stubEnv('ROLLCALL_QUICK', undefined);
    expect(leftOut()).toEqual([]);
  });
});

import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from '@rollcall/server';
import { afterAll, describe, expect, it } from 'vitest';
import { Authority } from '../../server/test/access/certificates.ts';
import { setsHeapGrowth } from '../src/heap-growth.ts';
import { lineOf, problemsOf, shown } from '../src/settings/check-settings.ts';
import { readSettings, serverOptionsOf, settingOf } from '../src/settings/read-settings.ts';
import {
  nameOf,
  type ServeSettings,
  type SettingKey,
  settingKeys,
  settingTable,
  variableOf,
} from '../src/settings/server-settings.ts';
import { settingFlags } from '../src/settings/setting-flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file with that content, and returns its path. */
function fileOf(content: string): string {
  const path = join(folder, `${Math.random()}.yaml`);
  writeFileSync(path, content);
  return path;
}

/** Three values of each setting as a user types them, none of them the default. The type demands every setting. */
const samples: Readonly<Record<SettingKey, readonly [flag: string, variable: string, file: string]>> = {
  host: ['127.0.0.2', '127.0.0.3', '127.0.0.4'],
  port: ['1', '2', '3'],
  insecure: ['true', 'true', 'true'],
  allowHost: ['a.example', 'b.example', 'c.example,d.example'],
  protection: ['off', 'off', 'off'],
  warmUp: ['1500ms', '2s', '0'],
  dataDir: ['/data/a', '/data/b', '/data/c'],
  tokensFile: ['a.json', 'b.json', 'c.json'],
  tlsCert: ['a.pem', 'b.pem', 'c.pem'],
  tlsKey: ['a.key', 'b.key', 'c.key'],
  tlsClientCa: ['a-ca.pem', 'b-ca.pem', 'c-ca.pem'],
  leaseSecrets: ['true', 'true', 'true'],
  auditLog: ['a.log', 'b.log', 'c.log'],
  maxConnections: ['1', '2', '3'],
  maxConnectionsPerAddress: ['1', '2', '3'],
  maxWatches: ['1', '2', '3'],
  maxInstancesPerToken: ['1', '2', '3'],
  logLevel: ['debug', 'warn', 'silent'],
  logFormat: ['json', 'pretty', 'json'],
  logRequests: ['all', 'all', 'all'],
  slowRequest: ['1ms', '2s', '0'],
};

const problemLines = (file: string, env: Record<string, string> = {}, flags: Record<string, unknown> = {}) =>
  problemsOf(readSettings({ flags, env, file: fileOf(file) })).map((problem) =>
    lineOf(problem).replaceAll(/[^\s(]+\/[^/\s]+\.yaml/g, 'FILE'),
  );

describe('the settings of the server', () => {
  it.each(settingKeys)(
    'for the setting %s a flag overrides the variable, which overrides the file, which overrides the default',
    (key) => {
      const [flag, variable, inFile] = samples[key];
      const read = (places: { flag?: boolean; variable?: boolean; file?: boolean }) => {
        const file = fileOf(places.file ? `${nameOf(key)}: ${inFile}\n` : '');
        const settings = readSettings({
          flags: places.flag ? { [key]: flag } : {},
          env: places.variable ? { [variableOf(key)]: variable } : {},
          file,
        });
        expect(settings.problems).toEqual([]);
        return { ...shown(settings)[nameOf(key)], file };
      };
      const typed = (text: string) => readSettings({ flags: { [key]: text }, env: {} }).values[key];
      const written = (value: ServeSettings[SettingKey]) => settingTable[key].kind.write(value as never);
      expect(read({ flag: true, variable: true, file: true })).toMatchObject({
        value: written(typed(flag)),
        source: `--${nameOf(key)}`,
      });
      expect(read({ variable: true, file: true })).toMatchObject({
        value: written(typed(variable)),
        source: variableOf(key),
      });
      const ofFile = read({ file: true });
      expect(ofFile).toMatchObject({ value: written(typed(inFile)), source: `${ofFile.file}:1` });
      const byDefault = read({});
      expect(byDefault.source).toBe('default');
      expect(byDefault.value).not.toBe(written(typed(flag)));
    },
  );

  it('each setting has one flag, and each option of the server comes from one setting', () => {
    const long = settingFlags().map((option) => option.long);
    expect(long).toEqual([...new Set(long)]);
    expect(long).toEqual(expect.arrayContaining(settingKeys.map((key) => `--${nameOf(key)}`)));
    const options = settingKeys.flatMap((key) => settingTable[key].option ?? []);
    expect(options).toEqual([...new Set(options)]);
    expect(options.map(settingOf)).toEqual(settingKeys.filter((key) => settingTable[key].option !== undefined));
  });

  it("settings reach the server in the units of the server's options", () => {
    const file = fileOf('warm-up: 1500ms\nallow-host: [a.example, b.example]\nprotection: off\n');
    expect(serverOptionsOf(readSettings({ flags: { port: '0' }, env: {}, file }).values)).toMatchObject({
      ...{ host: '127.0.0.1', port: 0, warmUpMs: 1_500, protection: 'off', insecure: false },
      allowedHosts: ['a.example', 'b.example'],
    });
    expect(readSettings({ flags: { warmUp: false }, env: {} })).toMatchObject({
      values: { warmUp: 0 },
      sources: { warmUp: '--no-warm-up' },
    });
    expect(readSettings({ flags: {}, env: {}, file: fileOf('warm-up: false') }).values.warmUp).toBe(0);
  });

  it('one message names all wrong settings, each with its place and what is allowed', () => {
    const file = 'host: 10.1.2.3\nprot: 80\nport: [1]\nprotection: maybe\nwarm-up: 10\n';
    const env = { ROLLCALL_SERVER_PORT: '70000', ROLLCALL_SERVER_WARMUP: '1s', ROLLCALL_SERVER_INSECURE: 'yes' };
    const lines = problemLines(file, env, { port: 'x' });
    for (const expected of [
      /^prot \(FILE:2\): there is no such setting; there are host, port, /,
      /^ROLLCALL_SERVER_WARMUP: no setting has this variable; there are ROLLCALL_SERVER_HOST, /,
      /^port \(FILE:3\): must be a port, 0-65535, got a list or a map$/,
      /^port \(ROLLCALL_SERVER_PORT\): must be a port, 0-65535, got "70000"$/,
      /^port \(--port\): must be a port, 0-65535, got "x"$/,
      /^insecure \(ROLLCALL_SERVER_INSECURE\): must be true or false, got "yes"$/,
      /^protection \(FILE:4\): must be on or off, got "maybe"$/,
      /^warm-up \(FILE:5\): must be a time such as 500ms, 90s or 2m, or 0, got 10$/,
      /^host \(FILE:1\): host 10\.1\.2\.3 can be reached from other machines, /,
    ])
      expect(lines).toContainEqual(expect.stringMatching(expected));
    expect(lines).toHaveLength(9);
    expect(problemLines('warm-up: 48h')).toEqual([expect.stringMatching(/^warm-up \(FILE:1\): .*0-86400000/)]);
  });

  it('a message says what to do about the variables that Kubernetes gives a pod beside a Service named rollcall-server', () => {
    const env = { ROLLCALL_SERVER_PORT: 'tcp://10.0.0.9:7171', ROLLCALL_SERVER_SERVICE_HOST: '10.0.0.9' };
    const lines = problemLines('', env);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/set enableServiceLinks: false/);
  });

  it.each([
    ['no YAML', 'host: "127\nport: {', /^FILE:\d+: the file is not valid YAML/],
    ['a name twice', 'port: 1\nport: 2', /^FILE:\d: the file is not valid YAML: Map keys must be unique/],
    ['a list', '- host', /^FILE: the file must hold settings/],
    ['a name that is no text', '1: 2', /^FILE:1: the name of a setting must be text/],
    ['an alias', 'host: &a 127.0.0.1\nallow-host: *a', /^allow-host \(FILE:2\): must be names/],
    ['a tag of another language', 'host: !!js/function "x"', /^FILE:1: the file is not valid YAML: Unresolved tag/],
    ['a list with more than names', 'allow-host: [a, 1, {}]', /^allow-host \(FILE:1\): must be names/],
    [
      'far too much',
      `# ${'x'.repeat(1_100_000)}`,
      /^FILE: the file is larger than 1048576 bytes: is it a file of settings\?/,
    ],
  ])('a settings file with %s is refused, and the message names the line', (_what, content, expected) => {
    expect(problemLines(content)).toEqual(expect.arrayContaining([expect.stringMatching(expected)]));
  });

  it('a settings file that is empty or has only comments holds no settings', () => {
    expect(problemLines('')).toEqual([]);
    expect(problemLines('# nothing\n')).toEqual([]);
  });

  it('a message never repeats the content of a file that is not valid YAML, or a value under an unknown name', () => {
    expect(problemLines('token: "s3cr3t\n').join()).not.toContain('s3cr3t');
    expect(problemLines('token: s3cr3t\n', { ROLLCALL_SERVER_TOKEN: 's3cr3t' }).join()).not.toContain('s3cr3t');
  });
});

describe('rollcall serve --check-config', () => {
  const bin = fileURLToPath(new URL('../bin/rollcall.js', import.meta.url));
  const serve = (args: readonly string[], env: Record<string, string> = {}) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const options = { env: { ...process.env, ...env } };
      const child = execFile(process.execPath, [bin, 'serve', ...args], options, (_error, out, err) =>
        resolve({ code: child.exitCode ?? -1, out, err }),
      );
    });

  it('--check-config prints "valid" and the settings with their places, binds nothing, and ends with 0', async () => {
    const file = fileOf('port: 0\n');
    const { code, out, err } = await serve(['--check-config', '--config', file], { ROLLCALL_SERVER_PROTECTION: 'off' });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^valid\nSETTING +VALUE +FROM\n/);
    expect(out).toMatch(/\nprotection +off +ROLLCALL_SERVER_PROTECTION\n/);
    expect(out).toContain(`${file}:1`);
    const json = await serve(['--check-config', '--json'], { ROLLCALL_SERVER_CONFIG: file });
    expect(JSON.parse(json.out)).toMatchObject({
      valid: true,
      warnings: [],
      settings: { port: { value: '0', source: `${file}:1` }, host: { value: '127.0.0.1', source: 'default' } },
    });
  });

  it('--check-config prints every problem on a line of its own and ends with 2, and so does serve without it', async () => {
    const file = join(folder, 'none.yaml');
    for (const args of [['--check-config'], []]) {
      const { code, out, err } = await serve([...args, '--config', file, '--port', 'x']);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err.trim().split('\n')).toEqual([
        expect.stringMatching(/^rollcall: .*none\.yaml: the file cannot be read: ENOENT/),
        'rollcall: port (--port): must be a port, 0-65535, got "x"',
      ]);
    }
  });

  it('--check-config names every fault of the data folder, the audit log and the certificates at once, and changes nothing', async () => {
    const data = join(folder, 'foreign');
    mkdirSync(data);
    writeFileSync(join(data, 'roll.db'), 'notes of a person');
    const authority = await Authority.make('ours');
    const [first, second] = await Promise.all([authority.sign('first'), authority.sign('second')]);
    const [cert, key] = [join(folder, 'first.pem'), join(folder, 'second.key')];
    writeFileSync(cert, first.cert);
    writeFileSync(key, second.key);
    const log = join(folder, 'nowhere', 'audit.log');
    const ca = join(folder, 'no-ca.pem');
    const files = ['--tls-cert', cert, '--tls-key', key, '--tls-client-ca', ca, '--audit-log', log];
    const { code, out, err } = await serve(['--check-config', '--port', 'x', '--data-dir', data, ...files]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.trim().split('\n')).toEqual([
      'rollcall: port (--port): must be a port, 0-65535, got "x"',
      expect.stringMatching(/^rollcall: tls-key .*is not that of the first certificate/),
      expect.stringMatching(/^rollcall: tls-client-ca .*ENOENT/),
      expect.stringMatching(/^rollcall: data-dir .*roll\.db is not a store of Rollcall/),
      expect.stringMatching(/^rollcall: audit-log .*there is no folder/),
    ]);
    expect(readdirSync(data)).toEqual(['roll.db']);
    const missing = join(folder, 'to-be-made', 'data');
    expect(await serve(['--check-config', '--port', '0', '--data-dir', missing])).toMatchObject({ code: 0, err: '' });
    expect(existsSync(missing)).toBe(false);
    const under = join(cert, 'data');
    expect((await serve(['--check-config', '--port', '0', '--data-dir', under])).err).toContain('is not a folder');
  });

  it('--check-config warns of a tokens file that every user may write and a key that every user may read', async () => {
    const pair = await (await Authority.make('ours')).sign('server');
    const [tokens, cert, key] = [join(folder, 'open.json'), join(folder, 'open.pem'), join(folder, 'open.key')];
    // The file begins with a byte order mark, as some editors write it.
    writeFileSync(tokens, '\uFEFF{ "tokens": [] }\r\n');
    writeFileSync(cert, pair.cert);
    writeFileSync(key, pair.key);
    const check = () =>
      serve(['--check-config', '--port', '0', '--tokens-file', tokens, '--tls-cert', cert, '--tls-key', key]);
    chmodSync(tokens, 0o666);
    chmodSync(key, 0o644);
    const open = await check();
    expect(open.code).toBe(0);
    if (process.platform !== 'win32')
      expect(open.err.trim().split('\n')).toEqual([
        expect.stringMatching(/^rollcall: warning: tokens-file .*chmod o-w$/),
        expect.stringMatching(/^rollcall: warning: tls-key .*chmod o-rw$/),
      ]);
    chmodSync(tokens, 0o644);
    chmodSync(key, 0o640);
    expect(await check()).toMatchObject({ code: 0, err: '' });
  });

  it('--check-config refuses a store of a newer format, and takes an empty file for a new store', async () => {
    const data = join(folder, 'newer');
    mkdirSync(data);
    const store = Buffer.alloc(4_096);
    store.write('SQLite format 3\0');
    store.writeUInt32BE(99, 60);
    store.writeUInt32BE(0x526f6c6c, 68);
    writeFileSync(join(data, 'roll.db'), store);
    const { code, err } = await serve(['--check-config', '--port', '0', '--data-dir', data]);
    expect(code).toBe(2);
    expect(err).toMatch(/has format 99 and this version of Rollcall knows up to \d+/);
    writeFileSync(join(data, 'roll.db'), '');
    expect((await serve(['--check-config', '--port', '0', '--data-dir', data])).code).toBe(0);
  });

  it('--check-config warns of a port that is taken, and refuses a data folder that a server on another port holds', async () => {
    const data = join(folder, 'held');
    const other = createServer({ port: 0, dataDir: data, warmUpMs: 0 });
    try {
      const { port } = await other.listen();
      const same = await serve(['--check-config', '--json', '--port', `${port}`, '--data-dir', data]);
      expect(same.code).toBe(0);
      const isLinux = process.platform === 'linux';
      expect(JSON.parse(same.out)).toMatchObject({
        valid: true,
        warnings: [
          { name: 'port', message: expect.stringContaining('is taken') },
          ...(isLinux ? [{ name: 'data-dir', message: expect.stringContaining('is in use by a running server') }] : []),
        ],
      });
      const another = await serve(['--check-config', '--port', '0', '--data-dir', data]);
      expect(another.code).toBe(isLinux ? 2 : 0);
    } finally {
      await other.close();
    }
    expect((await serve(['--check-config', '--port', '0', '--data-dir', data])).code).toBe(0);
  });
});

describe('the heap of the server', () => {
  it.each([
    [['--heap-growing-percent=100'], '', true],
    [['--inspect', '--heap_growing_percent=100'], undefined, true],
    [[], '--max-old-space-size=768 --heap-growing-percent=100', true],
    [['--max-semi-space-size=64'], '--max-old-space-size=768', false],
    [['--heap-growing-percentage=1'], undefined, false],
  ])('with node %j and NODE_OPTIONS=%s, the user has set the growth of the heap: %s', (execArgv, nodeOptions, wins) => {
    expect(setsHeapGrowth(execArgv, nodeOptions)).toBe(wins);
  });
});

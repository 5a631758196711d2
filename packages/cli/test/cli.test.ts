import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bin, idsOf, killAll, serve, start } from './command.ts';

// Each command runs in a process of its own, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const cleanUps: (() => unknown)[] = [];
let server: Awaited<ReturnType<typeof serve>>;
let address = '';

const rollcall = (...args: string[]) => start(args).ended;
const onServer = (...args: string[]) => rollcall(...args, '--registry-address', address);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to hold within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const ids = (name: string) => idsOf(address, name);

beforeAll(async () => {
  server = await serve('--port', '0', '--no-warm-up');
  address = server.address;
});
afterAll(async () => {
  server.child.kill('SIGTERM');
  expect((await server.ended).code).toBe(143);
});
afterEach(async () => {
  killAll(server);
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

describe('reading', () => {
  it('list of an empty roll exits with 0, and get of an unknown name with 4', async () => {
    expect(await onServer('list', '--json')).toMatchObject({ code: 0, out: '[]\n' });
    expect(await onServer('get', 'nobody', '--json')).toMatchObject({ code: 4, out: '[]\n' });
  });

  it('rollcall --version prints the version', async () => {
    expect((await rollcall('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('--version after a command is refused and names --service-version', async () => {
    const { code, err } = await onServer('register', 'web', '10.0.0.1:80', '--version', '1.0.0');
    expect(code).toBe(2);
    expect(err).toMatch(/The version of a service is --service-version/);
  });

  it('get and register say that no program of Rollcall can register a bad name, and deregister says that a node was not registered', async () => {
    expect((await onServer('get', 'Bad Name')).err).toMatch(
      /no node of Bad Name is registered, and only programs without Rollcall can register that name/,
    );
    const refused = 'rollcall: name must be 1-63 of [a-z0-9._-], starting with a letter or digit, got "Bad Name"\n';
    for (const args of [
      ['register', 'Bad Name', '10.0.0.1:80'],
      ['run', '--name', 'Bad Name', '--port', '80', '--', 'true'],
    ])
      expect(await onServer(...args)).toMatchObject({ code: 2, err: refused });
    expect(await onServer('deregister', 'void', 'v1')).toMatchObject({
      code: 4,
      err: 'rollcall: v1 of void was not registered, so nothing was removed\n',
    });
  });

  it('a command refuses an empty name, an empty id and a malformed namespace before it asks a server', async () => {
    const nowhere = ['--registry-address', '127.0.0.1:1'];
    const refusals: [readonly string[], string][] = [
      [['watch', ''], 'name must be 1-255 printable characters, got ""'],
      [['out', '', 'x'], 'name must be 1-255 printable characters, got ""'],
      [['changes', 'web', '--id', ''], 'id must be 1-255 printable characters, got ""'],
      [
        ['status', '--registry-namespace', 'a b'],
        'namespace must be 1-63 of [A-Za-z0-9._-], starting with a letter or digit, got "a b"',
      ],
    ];
    const ends = await Promise.all(refusals.map(([args]) => start([...args, ...nowhere]).ended));
    expect(ends.map(({ code, err }) => `${code} ${err}`)).toEqual(
      refusals.map(([, message]) => `2 rollcall: ${message}\n`),
    );
  });

  it('deregister of a service that was never registered says that nothing was removed', async () => {
    const { child, output, ended } = start(['register', 'lost', '10.0.0.1:80', '--registry-address', '127.0.0.1:1']);
    await until(() => output.err.includes('not registered because'));
    child.kill('SIGINT');
    expect((await ended).err).not.toMatch(/could not deregister|since 0/);
  });

  it('list and watch say that a server is warming up', async () => {
    const young = await serve('--port', '0', '--warm-up', '60s');
    const where = ['--registry-address', young.address];
    expect((await rollcall('list', ...where)).err).toMatch(/the server is warming up/);
    expect((await rollcall('get', 'web', ...where)).err).toMatch(/the server is warming up/);
    expect((await rollcall('list', '--json', ...where)).err).toBe('');
    const watcher = start(['watch', 'web', ...where]);
    await until(() => watcher.output.err.includes('the server is warming up'));
  });

  it('a command exits with 3 when no server answers, and says what to do', async () => {
    const { code, err } = await rollcall('list', '--registry-address', '127.0.0.1:1');
    expect(code).toBe(3);
    expect(err).toMatch(/127\.0\.0\.1:1.*rollcall serve/);
    expect((await rollcall('status', '--registry-address', '127.0.0.1:1')).code).toBe(3);
  });

  it.each([
    [['nonsense'], /unknown command/],
    [['get'], /missing required argument/],
    [['list', '--timeout', 'soon'], /time such as/],
    [['list', '--registry', 'memory'], /lives inside one process/],
    [
      ['list', '--registry', 'zookeeper'],
      /npm install @rollcall\/zookeeper, or choose one that needs no installing: memory, discovery/,
    ],
    [['list', '--registry', '@acme/none'], /npm install @acme\/none/],
    [['list', '--registry', './no-such-file.js'], /there is no such file/],
    [['list', '--registry', 'core'], /core is not an adapter: .*must export `adapter`/],
    [
      ['list', '--registry-token-file', 'no/such/file'],
      /cannot read the token file: .*; name a readable one with --registry-token-file/,
    ],
    [['status', '--registry', 'etcd'], /only a Rollcall server can, so give --registry discovery/],
    [['status', '--registry-address', 'a b'], /"a b" must be host:port/],
    [['serve', '--host', '0.0.0.0'], /--insecure/],
    [['register', 'web', 'nowhere'], /^rollcall: address "nowhere" must be host:port/],
    [['register', 'web', '10.0.0.1:99999'], /with a port of 1 to 65535/],
  ])('wrong usage of the command exits with 2: %s', async (args, message) => {
    const { code, err } = await rollcall(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it('serve says that its port is taken, and ends', async () => {
    const { code, err } = await rollcall('serve', '--port', address.split(':')[1]!);
    expect(code).toBe(3);
    expect(err).toMatch(/is taken/);
  });

  it('a command finds an adapter in the working directory, and says what to install where there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-cli-'));
    cleanUps.push(() => rm(folder, { recursive: true }));
    // The entry lies outside this repository, so that the command does not find the repository's own adapters.
    const entry = join(folder, 'entry.js');
    await writeFile(entry, `import(${JSON.stringify(pathToFileURL(bin).href)})`);
    const list = () =>
      start(['list', '--registry', 'mdns', '--json'], { cwd: folder, entry, env: { ...process.env, NODE_PATH: '' } })
        .ended;
    expect(await list()).toMatchObject({ code: 2, err: expect.stringContaining('npm install @rollcall/mdns') });
    const adapter = join(folder, 'node_modules/@rollcall/mdns');
    await mkdir(adapter, { recursive: true });
    await writeFile(join(adapter, 'package.json'), '{"type":"module","exports":"./index.js"}');
    await writeFile(
      join(adapter, 'index.js'),
      `const create = () => ({ listServices: async () => [{ name: "far", versions: ["1"] }], close: async () => {} });
       export const adapter = { name: 'mdns', create, capabilities: { crossProcess: true }, addresses: { kind: 'interface' }, environment: [] };`,
    );
    expect(await list()).toMatchObject({ code: 0, out: '[{"name":"far","versions":["1"]}]\n' });
  });

  it('a command ends quietly with 0 when the reader of its pipe has ended', async () => {
    const { child, ended } = start(['watch', '--registry-address', address]);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    // The command notices that its pipe is closed when it prints the next line.
    const writer = start(['register', 'noise', '10.0.0.1:80', '--registry-address', address]);
    expect(await ended).toMatchObject({ code: 0, err: '' });
    writer.child.kill('SIGINT');
    await writer.ended;
  });

  it('a command sends the token of the file, and tells a refused token from a server that is down', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-cli-'));
    cleanUps.push(() => rm(folder, { recursive: true }));
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'secret\n');
    const seen: (string | undefined)[] = [];
    const gate = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"code":401,"message":"no","data":null}');
    }).listen(0, '127.0.0.1');
    cleanUps.push(() => gate.close());
    await once(gate, 'listening');
    const gateAddress = `127.0.0.1:${(gate.address() as { port: number }).port}`;
    const where = ['--registry-address', gateAddress, '--registry-token-file', tokenFile];
    expect((await rollcall('list', ...where)).code).toBe(5);
    expect((await rollcall('status', ...where)).code).toBe(5);
    expect(seen.every((token) => token === 'Bearer secret')).toBe(true);
    expect(seen.length).toBeGreaterThanOrEqual(2);
    for (const command of ['list', 'status'])
      expect(await rollcall(command, '--registry-address', gateAddress)).toMatchObject({
        code: 5,
        err: expect.stringMatching(/; name a file that holds a token with --registry-token-file\n$/),
      });
  });

  it('status explains self-protection', async () => {
    const { code, out } = await onServer('status');
    expect(code).toBe(0);
    expect(out).toMatch(/self-protection on/);
    expect(await onServer('protection', 'end', '--json')).toMatchObject({ code: 0, out: '{"evicted":0}\n' });
  });
});

describe('writing', () => {
  it('register keeps a node registered until Ctrl-C and withdraws it', async () => {
    const { child, output, ended } = start([
      'register',
      'web',
      '10.0.0.1:80',
      '--id',
      'w1',
      '--metadata',
      'a=b',
      '--registry-address',
      address,
    ]);
    await until(() => output.err.includes('on the roll as w1'));
    expect(await ids('web')).toEqual(['w1']);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(await ids('web')).toEqual([]);
  });

  it('register waits while another process holds the id, and says so; --on-conflict stop ends with 1', async () => {
    const where = ['--id', 'one', '--ttl', '2s', '--interval', '200ms', '--registry-address', address];
    const first = start(['register', 'taken', '10.0.0.1:80', ...where]);
    await until(() => first.output.err.includes('on the roll as one'));
    const second = start(['register', 'taken', '10.0.0.2:80', ...where, '--on-conflict', 'stop']);
    await until(() => first.output.err.includes('holds the id'));
    expect(first.output.err).toMatch(/its holder is at 10\.0\.0\.2:80; it registers again when the id is free/);
    const third = start(['register', 'taken', '10.0.0.3:80', ...where]);
    const { code, err } = await second.ended;
    expect(code).toBe(1);
    expect(err).toMatch(/its holder is at 10\.0\.0\.3:80; it stops/);
    third.child.kill('SIGINT');
    await third.ended;
    await until(() => first.output.err.includes('registered again as one at 10.0.0.1:80'));
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    expect(await ids('taken')).toEqual([]);
  });

  it('rollcall register says how long its suspended process was off the roll, and is on it again', async () => {
    const where = ['--id', 'sleeper', '--ttl', '1s', '--interval', '300ms', '--registry-address', address];
    const { child, output, ended } = start(['register', 'sleeps', '10.0.0.1:80', ...where]);
    await until(() => output.err.includes('on the roll as sleeper'));
    child.kill('SIGSTOP');
    await until(async () => (await ids('sleeps')).length === 0);
    child.kill('SIGCONT');
    await until(() => output.err.includes('was not registered for up to'));
    await until(async () => (await ids('sleeps')).length === 1);
    expect(output.err).toMatch(/registered again as sleeper at 10\.0\.0\.1:80/);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
  });

  it('after rollcall deregister, a node whose owner still renews is registered again', async () => {
    const { child, output, ended } = start([
      'register',
      'back',
      '10.0.0.1:80',
      '--id',
      'b1',
      '--ttl',
      '2s',
      '--interval',
      '200ms',
      '--registry-address',
      address,
    ]);
    await until(() => output.err.includes('on the roll'));
    expect((await onServer('deregister', 'back', 'b1')).err).toMatch(/registers again at its next renewal/);
    await until(async () => (await ids('back')).length === 1);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(143);
  });

  it('watch --json prints one event per line, and no service can send escape codes', async () => {
    const watching = start(['watch', 'evil', '--json', '--registry-address', address]);
    await until(() => watching.output.out.includes('synced'));
    const metadata = { evil: '\u001b[2J\u202e' };
    const instance = { env: 'default', appid: 'evil', hostname: 'e1', addrs: ['10.0.0.1:80'], metadata };
    await fetch(`http://${address}/api/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ instances: [instance] }),
    });
    await until(() => watching.output.out.includes('create'));
    watching.child.kill('SIGINT');
    const { code, out } = await watching.ended;
    expect(code).toBe(130);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(['synced', 'create']);
    const { out: human } = await onServer('get', 'evil');
    expect(human).toContain('evil=\\u{1b}[2J\\u{202e}');
    expect(human).not.toContain('\u001b[2J');
  });

  it("rollcall run keeps any program registered while it is healthy, and ends with the program's exit code", async () => {
    const health = { status: 200 };
    const server = createServer((_request, response) => {
      response.writeHead(health.status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = `${(server.address() as { port: number }).port}`;
    const run = start([
      'run',
      '--name',
      'any',
      '--port',
      port,
      '--health',
      `http://127.0.0.1:${port}/`,
      '--interval',
      '200ms',
      '--ttl',
      '2s',
      '--registry-address',
      address,
      '--',
      process.execPath,
      '-e',
      'setInterval(() => {}, 1e9); process.on("SIGTERM", () => process.exit(7))',
    ]);
    await until(async () => (await ids('any')).length === 1);
    health.status = 500;
    await until(async () => (await ids('any')).length === 0);
    health.status = 200;
    await until(async () => (await ids('any')).length === 1);
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(7);
    expect(await ids('any')).toEqual([]);
    server.close();
  });

  it('Ctrl-C reaches the program of run once, after its service is deregistered and drained', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    await once(server, 'listening');
    cleanUps.push(() => server.close());
    const port = `${(server.address() as { port: number }).port}`;
    const counts =
      'let n = 0; process.on("SIGINT", () => { n += 1; console.log("int", n); setTimeout(() => process.exit(0), 300); }); setInterval(() => {}, 1e9);';
    const flags = ['--name', 'tty', '--port', port, '--interval', '200ms', '--ttl', '2s', '--drain', '3s'];
    const args = ['run', ...flags, '--registry-address', address, '--', process.execPath, '-e', counts];
    // The command gets a process group of its own; the signal goes to the whole group, as from a terminal.
    const run = start(args, { detached: true });
    await until(async () => (await ids('tty')).length === 1);
    process.kill(-run.child.pid!, 'SIGINT');
    await until(async () => (await ids('tty')).length === 0);
    expect(run.output.out).toBe('');
    expect((await run.ended).code).toBe(0);
    expect(run.output.out).toBe('int 1\n');
  });

  it('rollcall run says which program it cannot start, and exits with 2', async () => {
    const { code, err } = await onServer('run', '--name', 'x', '--port', '1', '--', 'no-such-program');
    expect(code).toBe(2);
    expect(err).toMatch(/cannot run no-such-program: .*; name a program that is in PATH, or its path/);
  });
});

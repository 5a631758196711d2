import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../bin/rollcall.js', import.meta.url));
const children = new Set<ChildProcess>();
let address = '';

/** Starts the real command. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const output = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    output.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child);
    return { code: code as number | null, ...output };
  });
  return { child, output, ended };
}

const rollcall = (...args: string[]) => start(...args).ended;
const onServer = (...args: string[]) => rollcall(...args, '--registry-address', address);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to hold within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const ids = async (name: string): Promise<string[]> => {
  const { out } = await onServer('get', name, '--json');
  return (JSON.parse(out) as { nodes: { id: string }[] }[]).flatMap(({ nodes }) => nodes.map(({ id }) => id));
};

beforeAll(async () => {
  const server = start('serve', '--port', '0', '--json', '--no-warm-up');
  const [line] = (await once(createInterface(server.child.stdout), 'line')) as [string];
  children.delete(server.child);
  address = new URL((JSON.parse(line) as { url: string }).url).host;
  afterAll(async () => {
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(143);
  });
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

describe('reading', () => {
  it('lists an empty roll with 0 and finds nobody with 4', async () => {
    expect(await onServer('list', '--json')).toMatchObject({ code: 0, out: '[]\n' });
    expect(await onServer('get', 'nobody', '--json')).toMatchObject({ code: 4, out: '[]\n' });
  });

  it('says what to do when no server answers, with 3', async () => {
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
    [['list', '--registry', 'zookeeper'], /mdns, consul, etcd or discovery/],
    [['serve', '--host', '0.0.0.0'], /--insecure/],
  ])('answers wrong usage with 2: %s', async (args, message) => {
    const { code, err } = await rollcall(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it('refuses a port that is taken, saying so', async () => {
    const { code, err } = await rollcall('serve', '--port', address.split(':')[1]!);
    expect(code).toBe(3);
    expect(err).toMatch(/is taken/);
  });

  it('explains self-protection', async () => {
    const { code, out } = await onServer('status');
    expect(code).toBe(0);
    expect(out).toMatch(/self-protection on/);
    expect(await onServer('protection', 'end', '--json')).toMatchObject({ code: 0, out: '{"evicted":0}\n' });
  });
});

describe('writing', () => {
  it('registers until Ctrl-C and withdraws', async () => {
    const { child, output, ended } = start(
      'register',
      'web',
      '10.0.0.1:80',
      '--id',
      'w1',
      '--metadata',
      'a=b',
      '--registry-address',
      address,
    );
    await until(() => output.err.includes('on the roll as w1'));
    expect(await ids('web')).toEqual(['w1']);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(await ids('web')).toEqual([]);
  });

  it('lets a live owner come back after deregister', async () => {
    const { child, output, ended } = start(
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
    );
    await until(() => output.err.includes('on the roll'));
    expect((await onServer('deregister', 'back', 'b1')).err).toMatch(/next renewal/);
    await until(async () => (await ids('back')).length === 1);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(143);
  });

  it('watches, one JSON event per line, and no service can send escape codes', async () => {
    const watching = start('watch', 'evil', '--json', '--registry-address', address);
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

  it('runs any program: on the roll while it is healthy, and with its exit code', async () => {
    const health = { status: 200 };
    const server = createServer((_request, response) => {
      response.writeHead(health.status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = `${(server.address() as { port: number }).port}`;
    const run = start(
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
    );
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

  it('says what it cannot run, with 2', async () => {
    const { code, err } = await onServer('run', '--name', 'x', '--port', '1', '--', 'no-such-program');
    expect(code).toBe(2);
    expect(err).toMatch(/cannot run no-such-program/);
  });
});

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type HostName, Lan } from '../../../backends/src/index.ts';
import { type Rr, toBytes } from '../src/wire/message.ts';
import { Member } from './lan/member.ts';

const bin = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));
let lan: Lan;
let member: Member;
beforeAll(async () => {
  lan = await Lan.create();
  member = await Member.on(lan, 'a');
}, 60_000);
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});
afterAll(async () => {
  await member.kill();
  await lan.dispose();
});

/** `rollcall doctor` on a host. */
function doctor(host: HostName, ...args: string[]): Promise<{ readonly code: number; readonly out: string }> {
  const command = [bin, 'doctor', '--registry', 'mdns', '--for', '1s', ...args];
  return lan.run(host, process.execPath, command).then(
    (out) => ({ code: 0, out }),
    ({ code, stdout }: { readonly code: number; readonly stdout: string }) => ({ code, out: stdout }),
  );
}

it('doctor says which programs answer on which interface', async () => {
  const registry = member.open();
  cleanUps.push(() => registry.close());
  const node = (id: string) => ({ id, address: '10.77.0.1:80' });
  await registry.register({ name: 'greeter', nodes: [node('n1'), node('n2')] });
  await registry.register({ name: 'users', nodes: [node('n1')] });
  const { code, out } = await doctor('b');
  expect(out).toMatch(/eth0 \(IPv4, 10\.77\.0\.2\): sent questions, they came back, \d+ packets of others heard/);
  expect(out).toContain('10.77.0.1: 3 nodes of greeter, users');
  expect(out).toContain('up, but not used: lo');
  expect(out).toContain('nothing is wrong');
  expect(code).toBe(0);
}, 60_000);

it('doctor says that no other program answers, and names possible reasons', async () => {
  const { code, out } = await doctor('b');
  expect(out).toMatch(/warning\n {2}no program answered\n {2}-> .*same subnet/);
  expect(code).toBe(0);
}, 60_000);

it('doctor names and counts announcements that no registry can use', async () => {
  const text = (name: string, ...data: string[]): Rr => ({
    ...{ type: 'TXT', name: `${name}._rollcall._tcp.local`, ttl: 60 },
    data: data.map((one) => Buffer.from(one)),
  });
  const srv: Rr = { type: 'SRV', name: text('no-host').name, ttl: 60, data: { target: 'nowhere.local', port: 80 } };
  const answers = [text('junk', 'name=\n'), text('no-host', 'name=cam'), srv, text('no-srv', 'name=cam')];
  const hex = toBytes({ response: true, answers }).toString('hex');
  const code = `const s = require('dgram').createSocket('udp4');
    s.bind(0, '10.77.0.1', () => { s.setMulticastInterface('10.77.0.1');
      setInterval(() => s.send(Buffer.from('${hex}', 'hex'), 5353, '224.0.0.251'), 100); });`;
  const announcer = spawn(...lan.command('a', process.execPath, ['-e', code]), { stdio: 'inherit' });
  cleanUps.push(() => announcer.kill('SIGKILL'));
  const { out, code: exit } = await doctor('b');
  expect(out).toContain('junk._rollcall._tcp.local is skipped: its TXT cannot be read');
  expect(out).toContain('no-host._rollcall._tcp.local is skipped: no usable address');
  expect(out).toContain('no-srv._rollcall._tcp.local is skipped: no SRV record');
  expect(exit).toBe(0);
}, 60_000);

it('doctor says what to do about a firewall and about an interface that does not exist', async () => {
  await lan.refuseSending('b');
  expect(await doctor('b')).toMatchObject({ code: 3, out: expect.stringContaining('allow UDP port 5353') });
  await lan.heal('b');
  expect(await doctor('b', '--registry-address', 'wlan0')).toMatchObject({
    code: 3,
    out: expect.stringContaining('no interface wlan0 is up'),
  });
  const json = JSON.parse((await doctor('b', '--json')).out) as { readonly findings: readonly object[] };
  expect(json.findings).toContainEqual(expect.objectContaining({ level: 'warning' }));
}, 60_000);

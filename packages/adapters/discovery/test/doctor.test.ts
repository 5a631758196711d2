import type { Finding } from '@rollcall/core/adapter';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adapter } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const server = new ServerProcess();
const warming = new ServerProcess(['--warm-up', '60s']);
beforeAll(() => Promise.all([server.start(), warming.start()]));
afterAll(() => Promise.all([server.kill(), warming.kill()]));

async function diagnose(addresses: readonly string[], namespace?: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of adapter.diagnose?.({ addresses, namespace }, { timeoutMs: 3_000 }) ?? [])
    findings.push(finding);
  return findings;
}
const instance = (env: string, hostname: string, addr: string) => ({ env, appid: 'theirs', hostname, addrs: [addr] });

it('doctor says that it is connected, what is on the roll, and what is skipped', async () => {
  const env = 'doctor';
  const junk = Array.from({ length: 22 }, (_, index) => instance(env, `junk-${index}`, 'nonsense'));
  const instances = [instance(env, 'good', '10.0.0.1:80'), ...junk];
  await fetch(`http://${server.address}/api/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ instances }),
  });
  const findings = await diagnose([server.address], env);
  expect(findings.filter(({ level }) => level === 'ok').map(({ what }) => what)).toEqual([
    expect.stringMatching(/connected in \d+ ms/),
    `${server.address}: 1 service with 1 node in the environment doctor`,
  ]);
  const warnings = findings.filter(({ level }) => level === 'warning').map(({ what }) => what);
  expect(warnings).toHaveLength(21);
  expect(warnings[0]).toBe(`${server.address}: theirs/junk-0 is skipped: no usable address`);
  expect(warnings.at(-1)).toBe(`${server.address}: more entries are skipped: 2`);
});

it('doctor says of each server whether it is warming, and what to do about a server that does not answer', async () => {
  const findings = await diagnose([warming.address, '127.0.0.1:1']);
  expect(findings).toContainEqual(
    expect.objectContaining({
      level: 'warning',
      what: expect.stringContaining('waits for instances to register again'),
    }),
  );
  expect(findings).toContainEqual({
    level: 'problem',
    what: expect.stringMatching(/^127\.0\.0\.1:1: the discovery server cannot be reached/),
    remedy: expect.stringContaining('rollcall serve'),
  });
});

import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Lan } from '../../backends/src/index.ts';

const program = fileURLToPath(new URL('./advertises.js', import.meta.url));
let lan: Lan;
beforeAll(async () => {
  lan = await Lan.create();
}, 60_000);
afterAll(() => lan.dispose());
const added = new Set<string>();
afterEach(async () => {
  for (const name of added) await lan.run('a', 'ip', ['link', 'del', name]);
  added.clear();
  await lan.run('a', 'ip', ['addr', 'flush', 'dev', 'eth0']);
  await lan.run('a', 'ip', ['addr', 'add', '10.77.0.1/24', 'dev', 'eth0']);
  await lan.up('a');
});

/** Adds another interface to host a, and brings it up. */
async function add(name: string, address: string): Promise<void> {
  await lan.run('a', 'ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', `${name.slice(0, 8)}-end`]);
  added.add(name);
  await lan.run('a', 'ip', ['addr', 'add', address, 'dev', name]);
  await lan.run('a', 'ip', ['link', 'set', `${name.slice(0, 8)}-end`, 'up']);
  await lan.run('a', 'ip', ['link', 'set', name, 'up']);
}

async function advertises(
  host: string,
  endpoint = '',
): Promise<{ address?: string; lines?: string[]; error?: string }> {
  return JSON.parse(await lan.run('a', process.execPath, [program, host, endpoint]));
}

describe('on a machine with several interfaces a service advertises', () => {
  it('a service advertises the address of the LAN although bridges and VPNs come before it', async () => {
    await add('docker0', '172.17.0.1/16');
    await add('virbr0', '192.168.122.1/24');
    await add('cni0', '10.88.0.1/16');
    await add('tailscale0', '100.100.1.2/32');
    expect((await advertises('0.0.0.0')).address).toBe('10.77.0.1');
  });

  it('a service beside the local agent of a cluster advertises the source address of the default route', async () => {
    await add('eth1', '10.66.0.9/24');
    const { address, lines = [] } = await advertises('0.0.0.0', '127.0.0.1:8500');
    expect(address).toBe('10.77.0.1');
    expect(lines.join('\n')).toMatch(/default route, because the registry on loopback may be the agent of a cluster/);
  });

  it('a service advertises the source address of the route to the backend', async () => {
    await add('eth1', '10.66.0.9/24');
    expect((await advertises('0.0.0.0', '10.66.0.1:2379')).address).toBe('10.66.0.9');
    expect((await advertises('0.0.0.0', '10.77.0.2:2379')).address).toBe('10.77.0.1');
  });

  it('a service on an IPv6-only machine advertises its IPv6 address, not a link-local or a bridge', async () => {
    await lan.run('a', 'ip', ['addr', 'flush', 'dev', 'eth0']);
    await lan.run('a', 'ip', ['addr', 'add', 'fd77::1/64', 'dev', 'eth0', 'nodad']);
    await lan.run('a', 'ip', ['-6', 'route', 'replace', 'default', 'dev', 'eth0']);
    await add('docker0', '172.17.0.1/16');
    expect((await advertises('::')).address).toBe('[fd77::1]');
    expect((await advertises('::', '[::1]:8500')).address).toBe('[fd77::1]');
  });

  it('a service advertises 127.0.0.1 where no interface has an address, and says so', async () => {
    await lan.run('a', 'ip', ['addr', 'flush', 'dev', 'eth0']);
    await lan.run('a', 'ip', ['addr', 'add', '169.254.7.7/16', 'dev', 'eth0']);
    const { address, lines = [] } = await advertises('0.0.0.0');
    expect(address).toBe('127.0.0.1');
    expect(lines.join('\n')).toMatch(/no address that other machines could reach/);
  });

  it('a server bound to loopback is refused for a registry on another machine, and warned of beside an agent', async () => {
    expect((await advertises('127.0.0.1', '10.77.0.2:2379')).error).toMatch(/only this machine reaches.*10\.77\.0\.2/);
    const { address, lines = [] } = await advertises('127.0.0.1', '127.0.0.1:8500');
    expect(address).toBe('127.0.0.1');
    expect(lines.join('\n')).toMatch(/bind 0\.0\.0\.0/);
  });
});

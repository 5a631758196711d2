import { syncBuiltinESMExports } from 'node:module';
import os, { type NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { mdns } from '../src/index.ts';
import { placesOf } from '../src/network/places.ts';

const info = (cidr: string, scopeid?: number): NetworkInterfaceInfo => {
  const [address = ''] = cidr.split('/');
  const loopback = address === '127.0.0.1' || address === '::1';
  const rest = { address, cidr, netmask: '', mac: '02:00:00:00:00:01', internal: loopback };
  return address.includes(':') ? { ...rest, family: 'IPv6', scopeid: scopeid ?? 0 } : { ...rest, family: 'IPv4' };
};
const lo = [info('127.0.0.1/8'), info('::1/128')];
const eth0 = [info('192.168.1.7/24'), info('fd00::7/64'), info('fe80::7/64', 2)];
const wlan0 = [info('10.1.2.3/16'), info('10.9.0.1/24')];
const keys = (interfaces: Parameters<typeof placesOf>[0], wanted?: readonly string[]) =>
  placesOf(interfaces, wanted).map(({ key }) => key);

describe('places', () => {
  it('mDNS uses all interfaces with their families, without loopback', () => {
    expect(keys({ lo, eth0, wlan0 })).toEqual(['eth0/4', 'eth0/6', 'wlan0/4']);
  });

  it('mDNS uses loopback, IPv4 alone, while there is no other interface', () => {
    expect(keys({ lo })).toEqual(['lo/4']);
    expect(keys({ lo: [info('::1/128')] })).toEqual(['lo/6']);
    expect(keys({})).toEqual([]);
  });

  it('mDNS uses the interfaces that were asked for by name or address', () => {
    expect(keys({ lo, eth0, wlan0 }, ['wlan0', 'lo'])).toEqual(['wlan0/4', 'lo/4']);
    expect(keys({ lo, eth0, wlan0 }, ['192.168.1.7'])).toEqual(['eth0/4', 'eth0/6']);
    expect(keys({ lo, eth0 }, ['eth1'])).toEqual([]);
  });

  it('an interface speaks IPv6 from its link-local address, with its zone', () => {
    expect(placesOf({ eth0 })[1]).toMatchObject({ address: 'fe80::7', scope: '::%eth0' });
  });

  it('an interface ignores packets from outside its subnets', () => {
    const [v4, v6] = placesOf({ eth0 });
    expect(['192.168.1.1', '192.168.2.1', '127.0.0.1', '8.8.8.8', 'x'].map((sender) => v4?.accepts(sender))).toEqual([
      ...[true, false, false, false, false],
    ]);
    expect(
      ['fe80::1%eth0', 'fe80::1%wlan0', 'fe80::1', 'fd00::9', '2001:db8::1'].map((sender) => v6?.accepts(sender)),
    ).toEqual([...[true, false, true, true, false]]);
    const [second] = placesOf({ wlan0 });
    expect(second?.accepts('10.9.0.77')).toBe(true);
  });

  it('an interface counts as a different one after any change of it', () => {
    const fingerprint = (infos: NetworkInterfaceInfo[]) => placesOf({ eth0: infos })[0]?.fingerprint;
    expect(fingerprint([info('192.168.1.7/24')])).toBe(fingerprint([info('192.168.1.7/24')]));
    expect(fingerprint([info('192.168.1.7/24')])).not.toBe(fingerprint([info('192.168.1.7/25')]));
    expect(fingerprint([info('192.168.1.7/24')])).not.toBe(fingerprint([{ ...info('192.168.1.7/24'), mac: 'x' }]));
  });
});

describe('a system that tells no interface', () => {
  it('a system that lists no interface makes calls UNAVAILABLE with the reason', async () => {
    const refusal = new Error('uv_interface_addresses returned Unknown system error 13');
    const ask = vi.spyOn(os, 'networkInterfaces').mockImplementation(() => {
      throw refusal;
    });
    syncBuiltinESMExports();
    const registry = mdns();
    const error = await registry.getService('web', { timeoutMs: 2_000 }).catch((caught: unknown) => caught);
    ask.mockRestore();
    syncBuiltinESMExports();
    await registry.close();
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('Unknown system error 13') });
  });
});

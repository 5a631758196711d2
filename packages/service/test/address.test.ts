import { createServer } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import type { Capabilities } from '@rollcall/core';
import { systemClock } from '@rollcall/core/adapter';
import { describe, expect, it } from 'vitest';
import { type AddressFacts, chooseAddress } from '../src/address/choose-address.ts';
import { findAddress } from '../src/address/find-address.ts';

const info = (address: string): NetworkInterfaceInfo =>
  ({
    address,
    family: address.includes(':') ? 'IPv6' : 'IPv4',
    internal: address === '127.0.0.1' || address === '::1',
    netmask: '',
    mac: '',
    cidr: null,
    scopeid: 0,
  }) as NetworkInterfaceInfo;
const interfaces = (given: Record<string, readonly string[]>) =>
  Object.fromEntries(Object.entries(given).map(([name, addresses]) => [name, addresses.map(info)]));

const lan = interfaces({ lo: ['127.0.0.1'], docker0: ['172.17.0.1'], eth0: ['10.0.0.5'] });
const bound = { host: '::', port: 80 };
const facts = (over: Partial<AddressFacts>): AddressFacts => ({
  bound,
  crossHost: true,
  loopbackIsLocal: false,
  interfaces: lan,
  ...over,
});

describe('of several backends', () => {
  const chosen = async (endpoints: readonly string[], host = '0.0.0.0') => {
    const server = createServer().listen(0, host);
    try {
      return await findAddress({
        advertise: undefined,
        server,
        registry: { capabilities: { crossHost: true } as Capabilities, endpoints },
        loopbackIsLocal: true,
        sources: { argv: [], env: {} },
        clock: systemClock,
        signal: new AbortController().signal,
      });
    } finally {
      server.close();
    }
  };

  it('a backend on another machine decides the advertised address wherever it stands in the list', async () => {
    for (const endpoints of [
      ['127.0.0.1:7171', '192.0.2.9:7171'],
      ['192.0.2.9:7171', '127.0.0.1:7171'],
    ]) {
      expect((await chosen(endpoints)).why).not.toBe('the registry is on this machine');
      await expect(chosen(endpoints, '127.0.0.1')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    expect((await chosen(['127.0.0.1:7171', 'localhost:7172'])).why).toBe('the registry is on this machine');
  });

  it('a backend on a Unix socket counts as one of this machine', async () => {
    expect((await chosen([])).why).toBe('the registry is on this machine');
  });
});

describe('the advertised address', () => {
  it.each<[string, Partial<AddressFacts>, string]>([
    ['a name that is wanted', { wanted: { value: 'me', source: 'advertise' } }, 'me:80'],
    ['an IPv6 address that is wanted', { wanted: { value: 'fd00::1', source: 'advertise' } }, '[fd00::1]:80'],
    ['an absolute name', { wanted: { value: 'a.b.:8080', source: 'advertise' } }, 'a.b.:8080'],
    ['a bound address', { bound: { host: '10.1.1.1', port: 80 } }, '10.1.1.1:80'],
    ['a registry inside the process', { crossHost: false }, '127.0.0.1:80'],
    [
      'a backend on loopback that is this machine alone',
      { backendHost: '127.0.0.1', loopbackIsLocal: true },
      '127.0.0.1:80',
    ],
    ['the agent of a cluster on loopback', { backendHost: '127.0.0.1', routeHost: '10.0.0.7' }, '10.0.0.7:80'],
    ['the agent of a cluster without a default route', { backendHost: '::1' }, '10.0.0.5:80'],
    ['the route to the backend', { backendHost: '10.0.9.9', routeHost: '10.0.0.7' }, '10.0.0.7:80'],
    ['a route whose address is link-local', { backendHost: '10.0.9.9', routeHost: '169.254.7.7' }, '10.0.0.5:80'],
    [
      'an IPv4 interface, where the server listens at IPv4 alone and the backend is reached by IPv6',
      { bound: { host: '0.0.0.0', port: 80 }, backendHost: 'fd00::9', routeHost: 'fd00::7' },
      '10.0.0.5:80',
    ],
    ...['localhost.', 'registry.localhost', '::ffff:7f00:1', '127.0.1.1'].map(
      (backendHost): [string, Partial<AddressFacts>, string] => [
        `this machine, which ${backendHost} is`,
        { backendHost, loopbackIsLocal: true },
        '127.0.0.1:80',
      ],
    ),
    ['an interface, the bridge of containers last', {}, '10.0.0.5:80'],
    ['a bridge where there is nothing else', { interfaces: interfaces({ docker0: ['172.17.0.1'] }) }, '172.17.0.1:80'],
  ])('the advertised address is that of %s', (_, over, address) =>
    expect(chooseAddress(facts(over)).address).toBe(address),
  );

  it.each([
    'virbr0',
    'cni0',
    'vboxnet0',
    'tailscale0',
    'br-1a2b',
    'veth12',
    'wg0',
    'utun3',
    'vmnet8',
    'lxdbr0',
    'zt5u4',
  ])('the advertised address is not that of %s, although it comes first', (name) => {
    const both = interfaces({ [name]: ['192.168.122.1'], wlp3s0: ['192.168.1.20'] });
    expect(chooseAddress(facts({ interfaces: both })).address).toBe('192.168.1.20:80');
  });

  it('the advertised address is never link-local', () => {
    const linkLocal = interfaces({ eth0: ['169.254.10.20', 'fe80::1'], eth1: ['fd00::5'] });
    expect(chooseAddress(facts({ interfaces: linkLocal })).address).toBe('[fd00::5]:80');
    const alone = chooseAddress(facts({ interfaces: interfaces({ eth0: ['169.254.10.20', 'febf::1'] }) }));
    expect(alone).toMatchObject({ address: '127.0.0.1:80', warning: expect.stringContaining('no address') });
  });

  it('the advertised address of an IPv6-only host is its IPv6 address, also beside a bridge with IPv4', () => {
    const host = interfaces({ docker0: ['172.17.0.1'], eth0: ['fe80::7', '2001:db8:1::7'] });
    expect(chooseAddress(facts({ interfaces: host })).address).toBe('[2001:db8:1::7]:80');
  });

  it('the advertised address is IPv4 where the server is bound to 0.0.0.0', () => {
    const host = interfaces({ eth0: ['2001:db8:1::7'], docker0: ['172.17.0.1'] });
    expect(chooseAddress(facts({ interfaces: host, bound: { host: '0.0.0.0', port: 80 } })).address).toBe(
      '172.17.0.1:80',
    );
  });

  it('a loopback address is refused for a backend elsewhere, warned of for a possible cluster, and right on this machine', () => {
    const loopback = { bound: { host: '127.0.0.1', port: 80 } };
    expect(() => chooseAddress(facts({ ...loopback, backendHost: '10.0.9.9' }))).toThrow(/only this machine reaches/);
    const agent = chooseAddress(facts({ ...loopback, backendHost: '127.0.0.1' }));
    expect(agent).toMatchObject({ address: '127.0.0.1:80', warning: expect.stringContaining('bind 0.0.0.0') });
    const multicast = chooseAddress(facts(loopback));
    expect(multicast.warning).toMatch(/other machines may see the registry/);
    const local = chooseAddress(facts({ ...loopback, backendHost: '127.0.0.1', loopbackIsLocal: true }));
    expect(local.warning).toBeUndefined();
  });

  it.each([
    ...['http://10.0.0.1:8080', 'a b', 'host:0', 'host:70000', '[::1', 'fd00::1:x:80', '[host]:80', 'me@host', 'a,b'],
    // Other machines cannot reach these: wildcards, addresses with a zone, a mistyped address.
    ...['0.0.0.0', '0.0.0.0:80', '::', '[::]:80', '*:80', 'fe80::1%eth0', '[fe80::1%eth0]:80', '10.0.5'],
  ])('the option advertise refuses %s', (value) => {
    expect(() => chooseAddress(facts({ wanted: { value, source: '--advertise' } }))).toThrow(
      /--advertise: .*host:port/,
    );
  });

  it('the option advertise needs a port where there is no server', () => {
    const wanted = { value: 'me', source: 'advertise' };
    expect(() => chooseAddress(facts({ bound: undefined, wanted }))).toThrow(
      /host:port, because the service has no server/,
    );
  });
});

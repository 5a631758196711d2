/** The cache of records; the tests pass the time to it. */
import type { DeleteReason } from '@rollcall/core';
import type { Entry } from '@rollcall/core/adapter';
import { describe, expect, it } from 'vitest';
import { parseSettings } from '../src/mdns-options.ts';
import type { Link } from '../src/network/link.ts';
import { dnsSdDialect, goMicroDialect } from '../src/seen/dialects.ts';
import { nextCheck, nextDoubt } from '../src/seen/refresh.ts';
import { Sightings } from '../src/seen/sightings.ts';
import { dnsSdNames, expiredTruth, writeTruth } from '../src/wire/dns-sd.ts';
import { writeGoTxt } from '../src/wire/go-micro.ts';
import type { Rr } from '../src/wire/message.ts';

const names = dnsSdNames(undefined);
const linkOf = (key: string, subnet: string): Link =>
  ({ place: { key, holds: (address: string) => address.startsWith(subnet) } }) as Link;
const link = linkOf('x/4', '10.0.0.');
const entry = (id: string, port = 80, version = ''): Entry => ({
  name: 'svc',
  version,
  metadata: {},
  endpoints: [],
  node: { id, address: `10.0.0.1:${port}`, metadata: {} },
});
const txt = (one: Entry, ttl = 100): Rr => ({
  type: 'TXT',
  name: names.instance({ name: one.name, id: one.node.id }),
  ttl,
  data: writeTruth(one, 'them'),
});
const goRecords = (one: Entry, ttl = 100, alsoDnsSd = false): Rr[] => [
  { type: 'SRV', name: `${one.node.id}.svc.micro`, ttl, data: { target: 'h.micro', port: 81 } },
  { type: 'A', name: 'h.micro', ttl, data: '10.0.0.2' },
  { type: 'TXT', name: `${one.node.id}.svc.micro`, ttl, data: writeGoTxt(one, alsoDnsSd, 'them') },
];

function cache({ watched = true, capacity = 100 } = {}) {
  const told: string[] = [];
  const dialects = [dnsSdDialect(names), goMicroDialect(parseSettings({}))];
  const sightings = new Sightings({
    dialectOf: (instance) => dialects.find((dialect) => dialect.reads(instance)),
    refuses: () => false,
    watched: () => watched,
    changed: ({ node }: Entry, reason: DeleteReason) => {
      const now = sightings.get(`svc\0${node.id}`)?.entry;
      told.push(now === undefined ? `${node.id} gone: ${reason}` : `${node.id} ${now.node.address}`);
    },
    capacity,
  });
  const hear = (now: number, ...records: Rr[]) =>
    sightings.hear({ records, link, from: '10.0.0.1', direct: false, now });
  const hearOn = (on: Link, from: string, now: number, ...records: Rr[]) =>
    sightings.hear({ records, link: on, from, direct: false, now });
  return { sightings, told, hear, hearOn };
}

describe('the schedule', () => {
  it('a watched instance is asked for at 80, 85, 90, 95 and 97 % of its TTL, then every 250 ms, and is gone a second after its end', () => {
    const checks = Array.from({ length: 24 }, (_, asked) => nextCheck(100_000, asked, true, 0));
    expect(checks.slice(0, 6).map(({ afterMs }) => afterMs)).toEqual([80_000, 85_000, 90_000, 95_000, 97_000, 97_250]);
    expect(checks.findIndex(({ gone }) => gone)).toBe(4 + 16);
    expect(checks.find(({ gone }) => gone)?.afterMs).toBe(101_000);
  });

  it('an instance is never asked for after its end, not even with the shortest TTL', () => {
    const checks = Array.from({ length: 12 }, (_, asked) => nextCheck(2_000, asked, true, 0.99));
    expect(checks.find(({ gone }) => gone)?.afterMs).toBe(3_000);
    expect(Math.max(...checks.filter(({ gone }) => !gone).map(({ afterMs }) => afterMs))).toBeLessThan(3_000);
  });

  it('an instance without a watcher is gone at the end of its TTL', () => {
    expect(nextCheck(100_000, 0, false, 0)).toMatchObject({ afterMs: 100_000, gone: true });
  });

  it('an announcer is asked twice before its goodbye is believed', () => {
    expect([0, 1, 2].map((asked) => nextDoubt(asked).gone)).toEqual([false, false, true]);
  });
});

describe('what is heard', () => {
  it('watchers hear of an instance once, and again only when it changed', () => {
    const { told, hear } = cache();
    hear(0, txt(entry('a')));
    hear(10, txt(entry('a')));
    hear(20, txt(entry('a', 81)));
    expect(told).toEqual(['a 10.0.0.1:80', 'a 10.0.0.1:81']);
  });

  it('an instance that does not answer is asked for, and then watchers hear that it expired', () => {
    const { sightings, told, hear } = cache();
    hear(0, txt(entry('a'), 10));
    let asked = 0;
    for (let now = 0; now <= 11_000; now += 50) asked += sightings.check(now).length;
    expect(asked).toBeGreaterThan(8);
    expect(told).toEqual(['a 10.0.0.1:80', 'a gone: expired']);
    expect(sightings.size).toBe(0);
  });

  it('an instance stays when it answers a process that stood still beyond its TTL', () => {
    const { sightings, told, hear } = cache();
    hear(0, txt(entry('a'), 10), txt(entry('b'), 10));
    // After the stall the process first checks, with everything scheduled due, and reads the answers only after that.
    expect(sightings.check(60_000)).toHaveLength(2);
    hear(60_010, txt(entry('a'), 10));
    for (let now = 60_020; now < 62_000; now += 10) sightings.check(now);
    expect(told.slice(2)).toEqual(['b gone: expired']);
  });

  it('an instance stays when its announcer contradicts a goodbye, even if this process stood still and asks late', () => {
    const { sightings, told, hear } = cache();
    hear(0, txt(entry('a')));
    hear(1, txt(entry('a'), 0));
    expect(sightings.check(5_000)).toHaveLength(1);
    hear(5_010, txt(entry('a')));
    for (let now = 5_020; now < 7_000; now += 10) sightings.check(now);
    expect(told).toEqual(['a 10.0.0.1:80']);
  });

  it('an instance stays while it is heard in time', () => {
    const { sightings, told, hear } = cache();
    for (let now = 0; now < 100_000; now += 50) {
      if (now % 9_000 === 0) hear(now, txt(entry('a'), 10));
      sightings.check(now);
    }
    expect(told).toEqual(['a 10.0.0.1:80']);
  });

  it('watchers hear that an instance expired if its goodbye says so, and otherwise that it was deregistered', () => {
    const { sightings, told, hear } = cache();
    const bye = (id: string): Rr => txt(entry(id), 0);
    hear(0, txt(entry('a')), txt(entry('b')));
    hear(1, { type: 'TXT', name: bye('a').name, ttl: 0, data: expiredTruth() }, bye('a'), bye('b'));
    for (let now = 0; now < 2_000; now += 50) sightings.check(now);
    expect(told.slice(2).sort()).toEqual(['a gone: expired', 'b gone: deregistered']);
  });

  it('an answer to this host alone never shortens a known TTL, since such an answer may have a shortened TTL', () => {
    const { sightings, told, hear } = cache({ watched: false });
    hear(0, txt(entry('a'), 100));
    sightings.hear({ records: [txt(entry('a'), 10)], link, from: '', direct: true, now: 1_000 });
    sightings.check(50_000);
    expect(told).toEqual(['a 10.0.0.1:80']);
    sightings.check(101_000);
    expect(told.at(-1)).toBe('a gone: expired');
  });

  it('an instance in both shapes is one node, and DNS-SD counts while it is there', () => {
    const { sightings, told, hear } = cache({ watched: false });
    hear(0, ...goRecords(entry('a')));
    hear(1, txt(entry('a'), 10));
    expect(sightings.entries('svc').map(({ node }) => node.address)).toEqual(['10.0.0.1:80']);
    sightings.check(11_000);
    expect(told).toEqual(['a 10.0.0.2:81', 'a 10.0.0.1:80', 'a 10.0.0.2:81']);
  });

  it("an instance in go-micro's shape that is announced in DNS-SD as well is left to DNS-SD", () => {
    const { sightings, hear } = cache();
    hear(0, ...goRecords(entry('a'), 100, true));
    expect(sightings.entries(undefined)).toEqual([]);
    let asked = 0;
    for (let now = 0; now < 110_000; now += 100) asked += sightings.check(now).length;
    expect(asked).toBe(0);
  });

  it('an instance gets the address of its host when that address is announced later or changes', () => {
    const { told, hear } = cache();
    const [srv, host, text] = goRecords(entry('a')) as [Rr, Rr, Rr];
    hear(0, text);
    hear(1, srv);
    expect(told).toEqual([]);
    hear(2, host);
    hear(3, { ...host, data: '10.0.0.3' } as Rr);
    expect(told).toEqual(['a 10.0.0.2:81', 'a 10.0.0.3:81']);
  });

  it('the cache of instances is bounded, and the oldest goes', () => {
    const { sightings, told, hear } = cache({ capacity: 10 });
    for (let index = 0; index < 25; index += 1) hear(index, txt(entry(`n${index}`)));
    expect(sightings.size).toBe(10);
    expect(told.filter((line) => line.endsWith('gone: unknown'))).toHaveLength(15);
    expect(sightings.get('svc\0n24')).toBeDefined();
  });

  it('hearing an instance again and again does not pile up checks', () => {
    const { sightings, hear } = cache();
    for (let now = 0; now < 10_000; now += 1) hear(now, txt(entry('a'), 1_000));
    expect(sightings.nextAt()).toBeGreaterThan(800_000);
    expect(sightings.pending).toBeLessThan(200);
  });
});

/** A node of another program: its SRV and its host give its address. */
const foreign = (id: string, { ttl = 100, txtTtl = 100 } = {}): readonly [Rr, Rr] => [
  { type: 'SRV', name: `${id}._rollcall._tcp.local`, ttl, data: { target: 'h.local', port: 80 } },
  {
    type: 'TXT',
    name: `${id}._rollcall._tcp.local`,
    ttl: txtTtl,
    data: [Buffer.from('name=svc'), Buffer.from(`id=${id}`)],
  },
];
const at = (
  data: string,
  { host = 'h.local', ttl = 100, flush = false }: { host?: string; ttl?: number; flush?: boolean } = {},
): Rr => ({
  type: data.includes(':') ? 'AAAA' : 'A',
  name: host,
  ttl,
  flush,
  data,
});

describe('the address of a node of another program', () => {
  it('a foreign node has the address of the packet with its SRV, so that nodes with one host name keep their own addresses', () => {
    const { told, hear, sightings } = cache();
    for (let round = 0; round < 3; round += 1) {
      hear(round * 10, ...foreign('a'), at('10.0.0.11'));
      hear(round * 10 + 1, ...foreign('b'), at('10.0.0.12'));
    }
    expect(told).toEqual(['a 10.0.0.11:80', 'b 10.0.0.12:80']);
    expect(sightings.entries('svc').map(({ node }) => node.address)).toEqual(['10.0.0.11:80', '10.0.0.12:80']);
  });

  it('a foreign node never gets the address 0.0.0.0 that go-micro announces for the same host', () => {
    const { told, hear } = cache();
    hear(0, ...goRecords(entry('a')));
    hear(
      1,
      { type: 'SRV', name: 'svc._services.micro', ttl: 100, data: { target: 'h.micro', port: 9_999 } },
      at('0.0.0.0', { host: 'h.micro' }),
    );
    expect(told).toEqual(['a 10.0.0.2:81']);
  });

  it.each([
    [['172.17.0.1', '10.0.0.5', '192.168.1.1'], '10.0.0.5:80'],
    [['fe80::1', '172.17.0.1', '0.0.0.0'], '172.17.0.1:80'],
    [['::', 'fd00::5', 'fe80::1'], '[fd00::5]:80'],
    [['fd00::5', '172.17.0.1'], '172.17.0.1:80'],
    [['127.0.0.1', '169.254.3.3', '172.17.0.1'], '172.17.0.1:80'],
    [['224.0.0.251', '255.255.255.255', '172.17.0.1'], '172.17.0.1:80'],
  ])('a foreign node with the addresses %j is called at %s', (addresses, expected) => {
    for (const records of [addresses, addresses.toReversed()]) {
      const { told, hear } = cache();
      hear(0, ...foreign('a'), ...records.map((address) => at(address)));
      expect(told).toEqual([`a ${expected}`]);
    }
  });

  it('the registry asks for the host of a foreign node without a usable address, and names the node as skipped', () => {
    const { sightings, told, hear } = cache();
    expect(hear(0, ...foreign('a'), at('0.0.0.0'), at('fe80::1'), at('::')).hosts).toEqual(['h.local']);
    expect(told).toEqual([]);
    expect(sightings.skipped).toEqual({
      count: 1,
      examples: [{ key: 'a._rollcall._tcp.local', reason: 'no usable address' }],
    });
    hear(1, at('10.0.0.7'));
    expect(told).toEqual(['a 10.0.0.7:80']);
    expect(sightings.skipped.count).toBe(0);
  });

  it('the address of a foreign node stays while it is announced, whatever the order and the link', () => {
    const { told, hearOn } = cache();
    const docker = linkOf('docker0/4', '172.17.');
    hearOn(link, '10.0.0.1', 0, ...foreign('a'), at('172.17.0.1'), at('10.0.0.5'));
    hearOn(docker, '172.17.0.1', 1, ...foreign('a'), at('172.17.0.1'), at('10.0.0.5'));
    // A responder may tell each link the addresses of that link alone.
    hearOn(docker, '172.17.0.1', 2, ...foreign('a'), at('172.17.0.1'));
    hearOn(link, '10.0.0.1', 3, ...foreign('a'), at('10.0.0.4'), at('10.0.0.5'));
    expect(told).toEqual(['a 10.0.0.5:80']);
    hearOn(link, '10.0.0.1', 4, ...foreign('a'), at('10.0.0.4'));
    expect(told).toEqual(['a 10.0.0.5:80', 'a 10.0.0.4:80']);
  });

  it('a host whose address did not come with the SRV is asked for it, and the address of the announcer is preferred to that of a namesake', () => {
    const { told, hear, hearOn } = cache();
    expect(hear(0, ...foreign('a')).hosts).toEqual(['h.local']);
    hearOn(link, '10.0.0.99', 1, at('10.0.0.99'));
    hear(2, at('10.0.0.1'));
    hearOn(link, '10.0.0.99', 3, at('10.0.0.99'));
    expect(told).toEqual(['a 10.0.0.99:80', 'a 10.0.0.1:80']);
    // The cache must not ask again for an address that it has been told.
    expect(hear(4, at('10.0.0.1')).hosts).toEqual([]);
  });

  it('an address that is replaced or withdrawn without its SRV is asked for again', () => {
    const { told, hear } = cache();
    hear(0, ...foreign('a'), at('10.0.0.5'));
    expect(hear(1, at('10.0.0.6')).instances).toEqual([]);
    expect(hear(2, at('10.0.0.6', { flush: true })).instances).toEqual(['a._rollcall._tcp.local']);
    expect(hear(3, at('10.0.0.5', { ttl: 0 })).instances).toEqual(['a._rollcall._tcp.local']);
    expect(told).toEqual(['a 10.0.0.5:80']);
  });
});

describe('the records of a node', () => {
  const goneAt = (told: readonly string[], check: (now: number) => void, untilMs: number): number => {
    for (let now = 0; now <= untilMs; now += 100) {
      check(now);
      if (told.some((line) => line.includes('gone'))) return now;
    }
    return Number.POSITIVE_INFINITY;
  };

  it.each([
    ['SRV', { ttl: 20, txtTtl: 4_500 }, 4_500],
    ['TXT', { ttl: 4_500, txtTtl: 20 }, 4_500],
    ['address', { ttl: 4_500, txtTtl: 4_500 }, 20],
  ])('a node lives as long as its record with the shortest TTL: its %s', (_what, ttls, hostTtl) => {
    for (const watched of [true, false]) {
      const { sightings, told, hear } = cache({ watched });
      hear(0, ...foreign('a', ttls), at('10.0.0.5', { ttl: hostTtl }));
      expect(goneAt(told, (now) => sightings.check(now), 60_000)).toBe(watched ? 21_000 : 20_000);
      expect(told.at(-1)).toBe('a gone: expired');
    }
  });

  it('a node stays while each of its records is announced again in time, even in separate packets', () => {
    const { sightings, told, hear } = cache();
    const [srv, text] = foreign('a', { ttl: 20, txtTtl: 60 });
    hear(0, srv, text, at('10.0.0.5', { ttl: 20 }));
    const asked: number[] = [];
    for (let now = 0; now < 300_000; now += 100) {
      for (const _due of sightings.check(now)) {
        asked.push(now);
        // The responder answers for a name only with the records of that name.
        const { hosts } = hear(now + 10, srv);
        hear(now + 20, text);
        if (hosts.length > 0) hear(now + 30, at('10.0.0.5', { ttl: 20 }));
      }
    }
    expect(told).toEqual(['a 10.0.0.5:80']);
    expect(asked.length).toBeLessThan(60);
  });

  it('a goodbye of the pointer alone removes a node unless it answers', () => {
    const bye = (name = '_rollcall._tcp.local'): Rr => ({ type: 'PTR', name, ttl: 0, data: 'a._rollcall._tcp.local' });
    const silent = cache();
    silent.hear(0, ...foreign('a'), at('10.0.0.5'));
    silent.hear(10, bye());
    let asked = 0;
    for (let now = 10; now < 2_000; now += 50) asked += silent.sightings.check(now).length;
    expect(asked).toBe(2);
    expect(silent.told.at(-1)).toBe('a gone: deregistered');
    const { sightings, told, hear } = cache();
    hear(0, ...foreign('a'), at('10.0.0.5'));
    hear(10, bye());
    sightings.check(10);
    hear(20, ...foreign('a'), at('10.0.0.5'));
    hear(30, bye('_printer._sub._rollcall._tcp.local'));
    for (let now = 30; now < 2_000; now += 50) sightings.check(now);
    expect(told).toEqual(['a 10.0.0.5:80']);
  });

  it('records that cannot be read are counted as skipped, and ten of them are named', () => {
    const { sightings, hear } = cache();
    for (let index = 0; index < 12; index += 1)
      hear(0, { type: 'TXT', name: `n${index}.svc.micro`, ttl: 100, data: [Buffer.from('no hex')] });
    expect(sightings.skipped.count).toBe(12);
    expect(sightings.skipped.examples).toHaveLength(10);
    expect(sightings.skipped.examples[0]).toEqual({ key: 'n0.svc.micro', reason: 'its TXT cannot be read' });
  });
});

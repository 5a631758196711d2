/** The cache, pure in time. */
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
const link = { place: { key: 'x/4' } } as Link;
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
  return { sightings, told, hear };
}

describe('the schedule', () => {
  it('of what somebody watches: at 80, 85, 90, 95 and 97 %, then every 250 ms, gone a second after its end', () => {
    const checks = Array.from({ length: 24 }, (_, asked) => nextCheck(100_000, asked, true, 0));
    expect(checks.slice(0, 6).map(({ afterMs }) => afterMs)).toEqual([80_000, 85_000, 90_000, 95_000, 97_000, 97_250]);
    expect(checks.findIndex(({ gone }) => gone)).toBe(4 + 16);
    expect(checks.find(({ gone }) => gone)?.afterMs).toBe(101_000);
  });

  it('is never later than the end, for the shortest TTL as well', () => {
    const checks = Array.from({ length: 12 }, (_, asked) => nextCheck(2_000, asked, true, 0.99));
    expect(checks.find(({ gone }) => gone)?.afterMs).toBe(3_000);
    expect(Math.max(...checks.filter(({ gone }) => !gone).map(({ afterMs }) => afterMs))).toBeLessThan(3_000);
  });

  it('of what nobody watches: gone at its end', () => {
    expect(nextCheck(100_000, 0, false, 0)).toMatchObject({ afterMs: 100_000, gone: true });
  });

  it('of a goodbye: asked twice before it is believed', () => {
    expect([0, 1, 2].map((asked) => nextDoubt(asked).gone)).toEqual([false, false, true]);
  });
});

describe('what is heard', () => {
  it('is told once, a change again, the same never', () => {
    const { told, hear } = cache();
    hear(0, txt(entry('a')));
    hear(10, txt(entry('a')));
    hear(20, txt(entry('a', 81)));
    expect(told).toEqual(['a 10.0.0.1:80', 'a 10.0.0.1:81']);
  });

  it('goes when nobody answers: asked first, then told as expired', () => {
    const { sightings, told, hear } = cache();
    hear(0, txt(entry('a'), 10));
    let asked = 0;
    for (let now = 0; now <= 11_000; now += 50) asked += sightings.check(now).length;
    expect(asked).toBeGreaterThan(8);
    expect(told).toEqual(['a 10.0.0.1:80', 'a gone: expired']);
    expect(sightings.size).toBe(0);
  });

  it('stays while it is heard in time', () => {
    const { sightings, told, hear } = cache();
    for (let now = 0; now < 100_000; now += 50) {
      if (now % 9_000 === 0) hear(now, txt(entry('a'), 10));
      sightings.check(now);
    }
    expect(told).toEqual(['a 10.0.0.1:80']);
  });

  it('with a goodbye that says so expired, else deregistered', () => {
    const { sightings, told, hear } = cache();
    const bye = (id: string): Rr => txt(entry(id), 0);
    hear(0, txt(entry('a')), txt(entry('b')));
    hear(1, { type: 'TXT', name: bye('a').name, ttl: 0, data: expiredTruth() }, bye('a'), bye('b'));
    for (let now = 0; now < 2_000; now += 50) sightings.check(now);
    expect(told.slice(2).sort()).toEqual(['a gone: expired', 'b gone: deregistered']);
  });

  it('answers to us alone never shorten what is known: their TTL may have been cut', () => {
    const { sightings, told, hear } = cache({ watched: false });
    hear(0, txt(entry('a'), 100));
    sightings.hear({ records: [txt(entry('a'), 10)], link, from: '', direct: true, now: 1_000 });
    sightings.check(50_000);
    expect(told).toEqual(['a 10.0.0.1:80']);
    sightings.check(101_000);
    expect(told.at(-1)).toBe('a gone: expired');
  });

  it('in both shapes is one node: ours counts while it is there', () => {
    const { sightings, told, hear } = cache({ watched: false });
    hear(0, ...goRecords(entry('a')));
    hear(1, txt(entry('a'), 10));
    expect(sightings.entries('svc').map(({ node }) => node.address)).toEqual(['10.0.0.1:80']);
    sightings.check(11_000);
    expect(told).toEqual(['a 10.0.0.2:81', 'a 10.0.0.1:80', 'a 10.0.0.2:81']);
  });

  it("in go-micro's shape from who says that it is in the other as well is left to that", () => {
    const { sightings, hear } = cache();
    hear(0, ...goRecords(entry('a'), 100, true));
    expect(sightings.entries(undefined)).toEqual([]);
    let asked = 0;
    for (let now = 0; now < 110_000; now += 100) asked += sightings.check(now).length;
    expect(asked).toBe(0);
  });

  it('whose host is told only later, or moves, follows', () => {
    const { told, hear } = cache();
    const [srv, host, text] = goRecords(entry('a')) as [Rr, Rr, Rr];
    hear(0, text);
    hear(1, srv);
    expect(told).toEqual([]);
    hear(2, host);
    hear(3, { ...host, data: '10.0.0.3' } as Rr);
    expect(told).toEqual(['a 10.0.0.2:81', 'a 10.0.0.3:81']);
  });

  it('is bounded: the oldest goes', () => {
    const { sightings, told, hear } = cache({ capacity: 10 });
    for (let index = 0; index < 25; index += 1) hear(index, txt(entry(`n${index}`)));
    expect(sightings.size).toBe(10);
    expect(told.filter((line) => line.endsWith('gone: unknown'))).toHaveLength(15);
    expect(sightings.get('svc\0n24')).toBeDefined();
  });

  it('again and again does not pile up checks', () => {
    const { sightings, hear } = cache();
    for (let now = 0; now < 10_000; now += 1) hear(now, txt(entry('a'), 1_000));
    expect(sightings.nextAt()).toBeGreaterThan(800_000);
    expect(sightings.pending).toBeLessThan(200);
  });
});

import { deflateRawSync } from 'node:zlib';
import type { Entry } from '@rollcall/core/adapter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dnsSdNames, foreignEntry, readTruth, writeTruth } from '../src/wire/dns-sd.ts';
import { readGoTxt, writeGoTxt } from '../src/wire/go-micro.ts';
import { fromBytes, isDnsName, maxPacketBytes, pack, packQuestions, type Rr, toBytes } from '../src/wire/message.ts';

const metadata = fc.dictionary(
  fc.stringMatching(/^[A-Za-z0-9._/-]{1,20}$/),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  { maxKeys: 5 },
);
const entries: fc.Arbitrary<Entry> = fc.record({
  name: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  version: fc.stringMatching(/^[\x20-\x7e]{0,64}$/),
  metadata,
  endpoints: fc.array(
    fc.record({
      name: fc.string({ minLength: 1, maxLength: 20 }),
      request: fc.record({ name: fc.string(), type: fc.string(), values: fc.constant([]) }),
      response: fc.record({ name: fc.string(), type: fc.string(), values: fc.constant([]) }),
      metadata,
    }),
    { maxLength: 3 },
  ),
  node: fc.record({
    id: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/),
    address: fc.constantFrom('10.0.0.1:80', '[fd00::1]:65535', 'host.example:1'),
    metadata,
  }),
});

describe('our TXT', () => {
  it('our TXT carries every entry in strings of at most 255 bytes', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const data = writeTruth(entry, 'me');
        expect(Math.max(...data.map(({ length }) => length))).toBeLessThanOrEqual(255);
        expect(readTruth('label', data)).toMatchObject({ owner: 'me', entry });
      }),
    );
  });

  it('any bytes in our TXT are read as an entry or ignored, never with an error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { maxLength: 6 }), (strings) => {
        readTruth(
          'label',
          strings.map((bytes) => Buffer.from(bytes)),
        );
        readGoTxt(strings.map((bytes) => Buffer.from(bytes)));
      }),
    );
  });

  it('our TXT is not decompressed beyond its limit', () => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000, 0x20));
    const pieces = Array.from({ length: Math.ceil(bomb.length / 250) }, (_, index) =>
      Buffer.concat([Buffer.from(`r${index}=`), bomb.subarray(index * 250, (index + 1) * 250)]),
    );
    expect(readTruth('label', pieces)?.entry).toBeUndefined();
  });
});

describe('the TXT of another program', () => {
  const read = (...strings: string[]) => {
    const data = strings.map((text) => Buffer.from(text));
    const truth = readTruth('label', data);
    return truth === undefined ? undefined : foreignEntry(truth, data, '10.0.0.1:80');
  };

  it('a foreign TXT keeps the case of its keys, and keys without a value', () => {
    expect(read('Name=cam', 'VERSION=2', 'Zone=yard', 'colour', 'empty=', 'a=b=c')).toMatchObject({
      name: 'cam',
      version: '2',
      node: { id: 'label', metadata: { Zone: 'yard', colour: '', empty: '', a: 'b=c' } },
    });
  });

  it('when keys of a foreign TXT differ only by case, the first counts', () => {
    expect(read('Zone=first', 'zone=second', '=none', '')?.node.metadata).toEqual({ Zone: 'first' });
  });
});

describe("go-micro's TXT", () => {
  it("go-micro's TXT carries every entry that it has room for", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const truth = readGoTxt(writeGoTxt(entry, true, 'me'));
        expect(truth).toMatchObject({ name: entry.name, alsoDnsSd: true, owner: 'me' });
        expect(truth?.entry(entry.node.id, entry.node.address)).toMatchObject(entry);
      }),
    );
  });

  it('a TXT that go-micro itself wrote is read', () => {
    // These bytes are the output of go-micro's `encode` (Go 1.26, compress/zlib).
    const hex = [
      '789c5c8fbf4ac7301845dfe5ce21fc5cb38b2e2e0a2ee210da6b09e44ffdbea4a025ef2ec122ade33d700f9c1d4fac7e',
      'f6d5c3edf82e997060433778a16c611a7b293685498a55d9ec2264a5c0e095a2a16438dcd99bbdc1e03ecf6b09b92adc',
      'db0ee167a3d621ce3e0dd1f3410cead77a059b8f8d0a975b8cdd40a86bc9cacbf940a7f71ff9774fa728ad429fe0f0e1',
      'a372941dc287df12fbc8180bfa7bff090000ffff8c355b04',
    ].join('');
    const strings = [hex.slice(0, 255), hex.slice(255)].map((text) => Buffer.from(text));
    const truth = readGoTxt(strings);
    expect(truth).toMatchObject({ name: 'go.micro.srv.greeter', alsoDnsSd: false, owner: undefined });
    expect(truth?.entry('n1', '10.0.0.1:80')).toEqual({
      name: 'go.micro.srv.greeter',
      version: '1.0.0',
      metadata: {},
      endpoints: [
        {
          name: 'Greeter.Hello',
          request: { name: 'Request', type: 'Request', values: [] },
          response: { name: 'Response', type: 'Response', values: [] },
          metadata: { stream: 'false' },
        },
      ],
      node: { id: 'n1', address: '10.0.0.1:80', metadata: { zone: 'eu' } },
    });
  });
});

describe('packets', () => {
  it('any bytes in a packet are read as a message or ignored, never with an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void fromBytes(Buffer.from(bytes))),
      { numRuns: 2_000 },
    );
  });

  it('each question in a packet keeps its bit that asks for a unicast answer', () => {
    const questions = [
      { name: 'a.local', type: 'PTR', unicast: true },
      { name: 'b.c.local', type: 'ANY', unicast: false },
      { name: 'ü.local', type: 'TXT', unicast: true },
    ] as const;
    expect(fromBytes(toBytes({ questions }))?.questions).toEqual(questions);
  });

  it('a packet holds whole groups in at most 1,400 bytes, and only a group that is too long is divided', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 1_200 }), { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
        (sizes) => {
          const groups = sizes.map((group, index) =>
            group.map(
              (size, at): Rr => ({
                type: 'TXT',
                name: `g${index}.local`,
                ttl: 1,
                // Each record has data of its own: a record that is there already is not written again.
                data: Array.from({ length: Math.ceil(size / 250) }, (_, piece) =>
                  Buffer.alloc(Math.min(250, size - piece * 250), at + 1),
                ),
              }),
            ),
          );
          const packets = pack(groups, { response: true });
          for (const bytes of packets) expect(bytes.length).toBeLessThanOrEqual(maxPacketBytes);
          const read = packets.flatMap((bytes) => fromBytes(bytes)?.answers.map(({ name }) => name) ?? []);
          expect(read).toEqual(groups.flat().map(({ name }) => name));
        },
      ),
    );
  });

  it('a packet holds a shared record once, with the TTL of the node that stays longest', () => {
    const host = (ttl: number): Rr => ({ type: 'A', name: 'host.local', ttl, data: '10.0.0.1' });
    const node = (id: string, ttl: number): readonly Rr[] => [
      { type: 'SRV', name: `${id}.local`, ttl, data: { target: 'host.local', port: 80 } },
      host(ttl),
    ];
    const [bytes, ...more] = pack([node('a', 10), node('b', 90), node('c', 20), [host(5)]], { response: true });
    expect(more).toEqual([]);
    const read = fromBytes(bytes ?? Buffer.alloc(0))?.answers.map(({ type, name, ttl }) => `${type} ${name} ${ttl}`);
    expect(read).toEqual(['SRV a.local 10', 'A host.local 90', 'SRV b.local 90', 'SRV c.local 20']);
  });

  it('each of several packets holds a shared record once', () => {
    const filler = (id: number): Rr => ({ type: 'TXT', name: `${id}.local`, ttl: 9, data: [Buffer.alloc(200, id)] });
    const host: Rr = { type: 'A', name: 'host.local', ttl: 9, data: '10.0.0.1' };
    const packets = pack(Array.from({ length: 12 }, (_, id) => [filler(id), host]));
    expect(packets.length).toBeGreaterThan(1);
    for (const bytes of packets) expect(fromBytes(bytes)?.answers.filter(({ type }) => type === 'A')).toHaveLength(1);
  });

  it('a packet with more known answers than fit says that more follow', () => {
    const name = '_rollcall._tcp.local';
    const known = Array.from(
      { length: 60 },
      (_, index): Rr => ({ type: 'PTR', name, ttl: 60, data: `n${index}.${name}` }),
    );
    const packets = packQuestions([{ name, type: 'PTR' }], known).map((bytes) => fromBytes(bytes));
    expect(packets.length).toBeGreaterThan(2);
    expect(packets.map((packet) => packet?.truncated)).toEqual([...packets.slice(1).map(() => true), false]);
    expect(packets.map((packet) => packet?.questions.length)).toEqual([1, ...packets.slice(1).map(() => 0)]);
    expect(packets.flatMap((packet) => packet?.answers.length ?? 0).reduce((sum, count) => sum + count, 0)).toBe(60);
  });
});

describe('names', () => {
  it('instance names differ wherever service name or id differ, case included, and are DNS names', () => {
    const names = dnsSdNames(undefined);
    const keys = [
      { name: 'a', id: 'Node' },
      { name: 'a', id: 'node' },
      { name: 'a', id: 'a.b' },
      { name: 'a', id: 'a-b' },
      { name: 'b', id: 'Node' },
      { name: 'a', id: 'x'.repeat(255) },
      { name: 'a', id: 'x'.repeat(254) },
    ];
    const all = keys.map((key) => names.instance(key).toLowerCase());
    expect(new Set(all).size).toBe(keys.length);
    expect(all.every(isDnsName)).toBe(true);
  });

  it('domains differ wherever namespaces differ', () => {
    const all = ['a', 'A', 'a.b', 'a-b', 'x'.repeat(63), 'X'.repeat(63)].map((namespace) => dnsSdNames(namespace).type);
    expect(new Set(all).size).toBe(6);
    expect(all.every(isDnsName)).toBe(true);
  });

  it('a name that cannot be a DNS name is recognised', () => {
    for (const name of ['', 'a..b', '.a', 'x'.repeat(64), `${'x'.repeat(60)}.`.repeat(5)])
      expect(isDnsName(name)).toBe(false);
  });
});

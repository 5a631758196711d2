/** Packets that any host of the link can send. No packet ends a process, fills its memory or removes a live node. */
import { encode } from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Network } from '../../src/network/network.ts';
import { dnsSdNames, writeTruth } from '../../src/wire/dns-sd.ts';
import { type Message, type Rr, toBytes } from '../../src/wire/message.ts';
import { Loopback } from './kit.ts';

let wire: Loopback;
beforeEach(() => {
  wire = new Loopback();
});
afterEach(() => wire.dispose());

const namespace = `h${process.pid}`;
const names = dnsSdNames(namespace);
const service = (name: string) => ({ name, nodes: [{ id: 'n1', address: '10.0.0.1:80' }] });
const instance = (name: string, id = 'n1'): string => names.instance({ name, id });
const open = () => wire.open({ namespace });
const txt = (name: string, id = 'n1', ttl = 120): Rr => ({
  type: 'TXT',
  name: instance(name, id),
  ttl,
  data: writeTruth(
    { name, version: '', metadata: {}, endpoints: [], node: { id, address: '10.9.9.9:9', metadata: {} } },
    'stranger',
  ),
});
const goodbye = (name: string): Rr[] => [
  { type: 'PTR', name: names.type, ttl: 0, data: instance(name) },
  { type: 'PTR', name: names.subtype(name), ttl: 0, data: instance(name) },
  { type: 'SRV', name: instance(name), ttl: 0, data: { target: 'x.local', port: 80 } },
  txt(name, 'n1', 0),
];

describe('junk', () => {
  const valid = toBytes({ response: true, answers: [txt('junk')] });
  const loop = Buffer.concat([Buffer.from('000084000001000000000000', 'hex'), Buffer.from('c00c00010001', 'hex')]);
  const forward = Buffer.concat([Buffer.from('000084000001000000000000', 'hex'), Buffer.from('c0ff00010001', 'hex')]);
  const packets: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from([1])],
    ['a header that promises 65,535 answers', Buffer.from('00008400ffffffffffffffff', 'hex')],
    ['a name that points to itself', loop],
    ['a name that points behind the end', forward],
    ['the largest datagram, of zeros', Buffer.alloc(60_000)],
    ['the largest datagram, of ones', Buffer.alloc(60_000, 0xff)],
    ['labels without an end', Buffer.concat([valid.subarray(0, 12), Buffer.alloc(1_000, 0x3f)])],
    [
      'records of types that were not asked for',
      Buffer.from(
        encode({ type: 'response', answers: [{ type: 'CAA', name: names.type, data: { tag: 'issue', value: 'x' } }] }),
      ),
    ],
    ['an error', Buffer.from(valid.map((byte, index) => (index === 3 ? 0x05 : byte)))],
    ['another operation', Buffer.from(valid.map((byte, index) => (index === 2 ? 0xac : byte)))],
    ...Array.from({ length: valid.length }, (_, length): readonly [string, Buffer] => [
      `a packet cut after ${length} bytes`,
      valid.subarray(0, length),
    ]),
    ...Array.from({ length: 500 }, (_, index): readonly [string, Buffer] => {
      const bent = Buffer.from(valid);
      for (let flips = 0; flips <= index % 5; flips += 1)
        bent[(index * 31 + flips * 97) % bent.length] = (index * 7 + flips) % 256;
      return [`a bent packet, ${index}`, bent];
    }),
  ];

  it('the adapter survives packets of junk of every kind, and hears a correct packet after them', async () => {
    const registry = open();
    const events = wire.follow(registry, 'after');
    const stranger = await wire.stranger(5_353);
    for (const [, bytes] of packets) {
      stranger.shout(bytes);
      await wire.pass(1, 1);
    }
    const owner = open();
    await wire.settle(owner.register(service('after')));
    await wire.pass(1_000);
    expect(events.map(({ type }) => type)).toContain('create');
  }, 60_000);

  it('a node whose TXT is a compression bomb, or has a wrong length or a bad name, is ignored', async () => {
    const registry = open();
    const events = wire.follow(registry);
    await wire.pass(500);
    const stranger = await wire.stranger(5_353);
    const strings = [
      [Buffer.from('r0=not deflate')],
      [Buffer.from('name=\u0000'), Buffer.from('id=\n')],
      [Buffer.from('=x'), Buffer.from(''), Buffer.from('==')],
      [Buffer.alloc(255, 0x61)],
    ];
    for (const data of strings)
      stranger.say({ response: true, answers: [{ type: 'TXT', name: instance('bad'), ttl: 120, data }] });
    stranger.say({
      response: true,
      answers: [{ type: 'TXT', name: `n1.bad.${namespace}`, ttl: 120, data: [Buffer.from('789c')] }],
    });
    await wire.pass(500);
    expect(events.map(({ type }) => type)).toEqual(['synced']);
    stranger.say({ response: true, answers: [txt('good')] });
    await wire.pass(500);
    expect(events.map(({ type }) => type)).toEqual(['synced', 'create']);
  });
});

it('a packet that cannot be handled is logged, and the next one is heard', async () => {
  const heard: Message[] = [];
  const errors: string[] = [];
  const error = (_fields: object, message: string): void => void errors.push(message);
  const message = (one: Message): void => {
    heard.push(one);
    if (heard.length === 1) throw new Error('a defect of ours');
  };
  const logger = { debug() {}, info() {}, warn() {}, error };
  const network = new Network({ interfaces: ['lo'], clock: wire.clock, logger, ears: { message, up() {}, down() {} } });
  await network.open();
  const stranger = await wire.stranger(5_353);
  for (const id of ['one', 'two']) stranger.say({ response: true, answers: [txt('defect', id)] });
  const ours = () =>
    heard.filter(({ answers }) => answers.some(({ name }) => name.startsWith('one-') || name.startsWith('two-')));
  await expect.poll(() => ours().length).toBe(2);
  expect(errors).toEqual([
    'mDNS: a packet could not be handled and is ignored; this is a defect of Rollcall, please report it',
  ]);
  await network.close();
});

describe('lies', () => {
  it('a node that is said to leave by a forged goodbye is asked, and stays when it answers', async () => {
    const [owner, watcher] = [open(), open()];
    await wire.settle(owner.register(service('alive')));
    const events = wire.follow(watcher, 'alive');
    await wire.pass(3_000);
    const stranger = await wire.stranger(5_353);
    for (let round = 0; round < 5; round += 1) {
      stranger.say({ response: true, answers: goodbye('alive') });
      await wire.pass(2_000);
    }
    expect(events.map(({ type }) => type)).toEqual(['create', 'synced']);
  });

  it('a goodbye is believed when the node does not contradict it', async () => {
    const watcher = open();
    const events = wire.follow(watcher, 'told');
    await wire.pass(500);
    const stranger = await wire.stranger(5_353);
    stranger.say({ response: true, answers: [txt('told')] });
    await wire.pass(100);
    stranger.say({ response: true, answers: goodbye('told') });
    await wire.pass(1_000);
    expect(events.map(({ type }) => type)).toEqual(['synced', 'create', 'delete']);
    expect(events.at(-1)).toMatchObject({ reason: 'deregistered' });
  });

  it('a stranger that announces our node is contradicted, and its announcement is ignored', async () => {
    // The stranger's claim has the owner '', which sorts before the owner of our node, so that our node wins.
    const [owner, watcher] = [open(), open()];
    await wire.settle(owner.register(service('mine')));
    const events = wire.follow(watcher, 'mine');
    await wire.pass(3_000);
    const stranger = await wire.stranger(5_353);
    wire.sent.length = 0;
    const claim = {
      ...txt('mine'),
      data: writeTruth(
        {
          name: 'mine',
          version: '',
          metadata: {},
          endpoints: [],
          node: { id: 'n1', address: '10.9.9.9:9', metadata: {} },
        },
        '',
      ),
    };
    stranger.say({ response: true, answers: [claim as Rr] });
    await wire.pass(3_000);
    expect(
      wire.sent.some(
        ({ message }) => message.response && message.answers.some(({ name }) => name === instance('mine')),
      ),
    ).toBe(true);
    expect(await wire.settle(owner.getService('mine'))).toMatchObject([{ nodes: [{ address: '10.0.0.1:80' }] }]);
    await wire.settle(owner.register(service('mine')));
    expect(await wire.settle(watcher.getService('mine'))).toMatchObject([{ nodes: [{ address: '10.0.0.1:80' }] }]);
    expect(events.at(-1)).not.toMatchObject({ type: 'delete' });
  });
});

describe('floods', () => {
  it('the roll keeps its living nodes through a flood of 10,000 records', async () => {
    const [owner, watcher] = [open(), open()];
    await wire.settle(owner.register(service('still-here'), { ttlMs: 60_000 }));
    const events = wire.follow(watcher, 'still-here');
    await wire.pass(3_000);
    const stranger = await wire.stranger(5_353);
    for (let index = 0; index < 10_000; index += 1) {
      stranger.say({ response: true, answers: [txt('flood', `id${index}`)] });
      // The socket's buffer holds only some hundred packets.
      if (index % 50 === 0) await wire.pass(1, 1);
    }
    await wire.settle(owner.register(service('still-here'), { ttlMs: 60_000 }));
    await wire.pass(50_000, 500);
    expect(events.filter(({ type }) => type === 'delete')).toEqual([]);
    expect(await wire.settle(watcher.getService('still-here'))).toHaveLength(1);
  }, 60_000);

  it('a flood of names causes no flood of questions', async () => {
    const watcher = open();
    wire.follow(watcher);
    await wire.pass(3_000);
    const stranger = await wire.stranger(5_353);
    wire.sent.length = 0;
    for (let index = 0; index < 2_000; index += 1) {
      const data = instance('nobody', `id${index % 1_000}`);
      stranger.say({ response: true, answers: [{ type: 'PTR', name: names.type, ttl: 120, data }] });
      if (index % 50 === 0) await wire.pass(1, 1);
    }
    await wire.pass(500);
    const asked = wire.sent.flatMap(({ message }) => message.questions.filter(({ type }) => type === 'ANY'));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(400);
  });

  it('a flood of questions is answered at most once a second', async () => {
    const owner = open();
    await wire.settle(owner.register(service('asked-often')));
    await wire.pass(3_000);
    const stranger = await wire.stranger(5_353);
    wire.sent.length = 0;
    for (let index = 0; index < 2_000; index += 1) {
      stranger.say({ questions: [{ name: names.type, type: 'PTR' }] });
      if (index % 50 === 0) await wire.pass(1, 1);
    }
    await wire.pass(2_000);
    expect(wire.sent.filter(({ message }) => message.response).length).toBeLessThanOrEqual(3);
  });
});

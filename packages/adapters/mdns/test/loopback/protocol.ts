/** The packets on the wire and their times, with real sockets on loopback and a clock that only the test moves. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dnsSdNames, writeTruth } from '../../src/wire/dns-sd.ts';
import type { Message, Rr } from '../../src/wire/message.ts';
import { Loopback, type Sent } from './kit.ts';

let wire: Loopback;
beforeEach(() => {
  wire = new Loopback();
});
afterEach(() => wire.dispose());

// Other test files use the same loopback.
const namespace = `p${process.pid}`;
const names = dnsSdNames(namespace);
const service = (name: string, port = 80) => ({ name, nodes: [{ id: 'n1', address: `10.0.0.1:${port}` }] });
const instance = (name: string): string => names.instance({ name, id: 'n1' });
const about = (name: string, { answers }: Message): Rr[] => answers.filter((rr) => rr.name === instance(name));
const truths = (sent: readonly Sent[], name: string): Sent[] =>
  sent.filter(({ message }) => message.response && about(name, message).some(({ type }) => type === 'TXT'));
const open = (options = {}) => wire.open({ namespace, goMicro: false, ...options });

describe('announcing', () => {
  it('a register sends three probes, 250 ms apart, then two announcements, 1 s apart', async () => {
    const registry = open();
    await wire.settle(registry.register(service('new')));
    const announcedAt = truths(wire.sent, 'new')[0]?.at ?? 0;
    await wire.pass(5_000);
    const probes = wire.sent.filter(({ message }) => message.questions.some(({ name }) => name === instance('new')));
    expect(probes.map(({ at }) => announcedAt - at)).toEqual([750, 500, 250]);
    for (const { message } of probes)
      expect(message.authorities.map(({ type }) => type).sort()).toEqual(['SRV', 'TXT']);
    const announcements = truths(wire.sent, 'new');
    expect(announcements.map(({ at }) => at - announcedAt)).toEqual([0, 1_000]);
    expect(announcements[0]?.to).toEqual({ address: '224.0.0.251', port: 5_353 });
    // Records that are unique to the instance replace those that were known; pointers add up.
    const flushes = announcements[0]?.message.answers.map(({ type, flush }) => [type, flush]);
    expect(flushes).toEqual([
      ['PTR', false],
      ['PTR', false],
      ['SRV', true],
      ['A', true],
      ['TXT', true],
    ]);
  });

  it.each([
    ['its service, in DNS-SD', 'rests', false],
    ['its service, in both shapes', 'rests', true],
    ['all services, in both shapes', undefined, true],
  ] as const)(
    'a node at rest with one watcher of %s and a TTL of 90 s gives at most 80 answers an hour, and is never missed',
    async (what, name, goMicro) => {
      const [registry, watcher] = [open({ goMicro }), open({ goMicro })];
      const events = wire.follow(watcher, name);
      const renew = () => registry.register(service('rests'), { ttlMs: 90_000 });
      await wire.settle(renew());
      await wire.pass(5_000);
      wire.sent.length = 0;
      for (let second = 0; second < 3_600; second += 30) {
        await wire.pass(30_000, 500);
        await wire.settle(renew());
      }
      const answers = wire.sent.filter(({ message }) => message.response);
      console.log(`one hour at rest, TTL 90 s, one watcher of ${what}: ${answers.length} answers`);
      expect(answers.length).toBeLessThanOrEqual(80);
      expect(answers.length).toBeGreaterThan(30);
      expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['create', 'synced']));
      expect(events.filter(({ type }) => type === 'create' || type === 'delete')).toHaveLength(1);
    },
    120_000,
  );

  it('without a watcher a node sends nothing at all', async () => {
    const registry = open();
    await wire.settle(registry.register(service('alone'), { ttlMs: 600_000 }));
    await wire.pass(5_000);
    wire.sent.length = 0;
    await wire.pass(300_000, 1_000);
    expect(wire.sent).toEqual([]);
  }, 60_000);

  it('packets in both shapes have at most 1,400 bytes, even for the largest node', async () => {
    const registry = wire.open({ namespace });
    const random = Array.from({ length: 9 }, (_, index) => [
      `k${index}`,
      Buffer.from(`${Math.random()}`.repeat(4)).toString('base64').slice(0, 90),
    ]);
    const nodes = [{ id: 'n'.repeat(60), address: '10.0.0.1:80', metadata: Object.fromEntries(random) }];
    await wire.settle(registry.register({ name: 'large', nodes }));
    await wire.settle(
      registry.register({
        name: 'many',
        nodes: Array.from({ length: 60 }, (_, id) => ({ id: `n${id}`, address: '10.0.0.1:80' })),
      }),
    );
    const reader = wire.open({ namespace });
    expect(await wire.settle(reader.getService('large'))).toMatchObject([{ nodes }]);
    expect((await wire.settle(reader.getService('many')))[0]?.nodes).toHaveLength(60);
    expect(Math.max(...wire.sent.map(({ bytes }) => bytes))).toBeLessThanOrEqual(1_400);
  }, 60_000);
});

it("ids that differ by case alone are two nodes, in go-micro's shape as well", async () => {
  for (const shape of [{}, { dnsSd: false, goMicro: true }]) {
    const node = (id: string) => ({ name: 'case', nodes: [{ id, address: '10.0.0.1:80' }] });
    const [one, other, reader] = [
      open({ goMicro: true, ...shape }),
      open({ goMicro: true, ...shape }),
      open({ goMicro: true, ...shape }),
    ];
    await wire.settle(one.register(node('Node')));
    await wire.settle(other.register(node('node')));
    const ids = async () =>
      (await wire.settle(reader.getService('case'))).flatMap(({ nodes }) => nodes.map(({ id }) => id));
    expect(await ids()).toEqual(['Node', 'node']);
    await Promise.all([one, other].map((registry) => wire.settle(registry.close())));
  }
});

it('a node that does not fit the only enabled shape is refused by register', async () => {
  const registry = open({ dnsSd: false, goMicro: true });
  const node = { id: 'n1', address: 'host.example:80' };
  await expect(wire.settle(registry.register({ name: 'homeless', nodes: [node] }))).rejects.toMatchObject({
    code: 'NOT_SUPPORTED',
    message: expect.stringContaining('leave dnsSd on'),
  });
});

describe('answering', () => {
  const question = (name: string) => ({ questions: [{ name, type: 'PTR' as const }] });
  const told = (name: string) => truths(wire.sent, name);

  it('an answer to the multicast group waits 20 to 120 ms, and also answers what is asked meanwhile', async () => {
    const registry = open();
    await wire.settle(registry.register(service('one')));
    await wire.settle(registry.register(service('two')));
    await wire.pass(3_000);
    const stranger = await wire.stranger(5_353);
    wire.sent.length = 0;
    const askedAt = wire.clock.now();
    stranger.say(question(names.subtype('one')));
    stranger.say(question(names.subtype('two')));
    await wire.pass(200, 10);
    expect(told('one')).toHaveLength(1);
    expect(told('two')).toEqual(told('one'));
    const after = (told('one')[0]?.at ?? 0) - askedAt;
    expect(after).toBeGreaterThanOrEqual(20);
    expect(after).toBeLessThanOrEqual(130);
  });

  it('the same answer goes to the multicast group at most once a second', async () => {
    const registry = open();
    await wire.settle(registry.register(service('asked')));
    await wire.pass(3_000);
    const stranger = await wire.stranger(5_353);
    wire.sent.length = 0;
    for (let index = 0; index < 40; index += 1) {
      stranger.say(question(names.subtype('asked')));
      await wire.pass(50, 10);
    }
    await wire.pass(1_000);
    expect(told('asked').length).toBeLessThanOrEqual(3);
    expect(told('asked').length).toBeGreaterThan(1);
  });

  it('a question is not answered with a record that its asker knows for more than half of its TTL', async () => {
    const registry = open();
    await wire.settle(registry.register(service('known'), { ttlMs: 100_000 }));
    await wire.pass(3_000);
    const stranger = await wire.stranger(5_353);
    const ask = async (ttl: number): Promise<number> => {
      wire.sent.length = 0;
      const name = names.subtype('known');
      stranger.say({ ...question(name), answers: [{ type: 'PTR', name, ttl, data: instance('known') }] });
      await wire.pass(2_000);
      return told('known').length;
    };
    expect(await ask(90)).toBe(0);
    expect(await ask(30)).toBe(1);
    // The known answers come in a packet of their own, after the question.
    const name = names.subtype('known');
    wire.sent.length = 0;
    stranger.say({ ...question(name), truncated: true });
    stranger.say({ answers: [{ type: 'PTR', name, ttl: 90, data: instance('known') }] });
    await wire.pass(2_000);
    expect(told('known')).toHaveLength(0);
  });

  it('a question from another port is answered to its asker alone, with its id, without flush and with TTLs up to 10 s', async () => {
    const registry = open();
    await wire.settle(registry.register(service('legacy'), { ttlMs: 100_000 }));
    await wire.pass(3_000);
    const stranger = await wire.stranger();
    stranger.say({ id: 4_711, ...question(names.type) });
    await wire.pass(100);
    const [answer] = stranger.heard.filter(({ id }) => id === 4_711);
    expect(answer).toMatchObject({ response: true, questions: [{ name: names.type, type: 'PTR' }] });
    expect(answer?.answers.length).toBeGreaterThan(2);
    for (const { ttl, flush } of answer?.answers ?? []) expect([ttl <= 10, flush]).toEqual([true, false]);
  });

  it('every answer says what is left of the lease', async () => {
    const registry = open();
    await wire.settle(registry.register(service('lease'), { ttlMs: 60_000 }));
    await wire.pass(30_500);
    const stranger = await wire.stranger(5_353);
    stranger.say(question(names.type));
    await wire.pass(200);
    const ttl = about('lease', stranger.heard.find((message) => about('lease', message).length > 0) as Message)[0]?.ttl;
    // The lease of 60 s began less than a second before the register settled; answers round up.
    expect([29, 30]).toContain(ttl);
  });

  it('a program that browses all service types is told the name of our type', async () => {
    const registry = open();
    await wire.settle(registry.register(service('typed')));
    const stranger = await wire.stranger(5_353);
    stranger.say(question(names.enumeration));
    await wire.pass(200);
    const pointers = stranger.heard.flatMap(({ answers }) => answers.filter(({ name }) => name === names.enumeration));
    expect(pointers).toMatchObject([{ type: 'PTR', data: names.type }]);
  });
});

it('an answer that was sent less than a second ago is left out of a packet with other answers', async () => {
  const registry = open();
  for (const name of ['early', 'later']) await wire.settle(registry.register(service(name)));
  await wire.pass(3_000);
  const stranger = await wire.stranger(5_353);
  const ask = (name: string) => stranger.say({ questions: [{ name: names.subtype(name), type: 'PTR' }] });
  ask('early');
  await wire.pass(200, 10);
  wire.sent.length = 0;
  ask('early');
  ask('later');
  await wire.pass(2_000, 10);
  const [early, later] = ['early', 'later'].map((name) => truths(wire.sent, name).map(({ at }) => at));
  expect([early?.length, later?.length]).toEqual([1, 1]);
  expect((early?.[0] ?? 0) - (later?.[0] ?? 0)).toBeGreaterThan(500);
});

it("ten services of one host put the host's address only once into a packet", async () => {
  const registry = open();
  for (let index = 0; index < 10; index += 1) await wire.settle(registry.register(service(`shared-${index}`)));
  await wire.pass(3_000);
  const stranger = await wire.stranger(5_353);
  wire.sent.length = 0;
  stranger.say({ questions: [{ name: names.type, type: 'PTR' }] });
  await wire.pass(500);
  const packets = wire.sent.filter(({ message }) => message.response);
  const instances = packets.flatMap(({ message }) => message.answers.filter(({ type }) => type === 'SRV'));
  expect(instances).toHaveLength(10);
  for (const { message } of packets)
    expect(message.answers.filter(({ type }) => type === 'A')).toMatchObject([{ data: '10.0.0.1' }]);
});

describe('a node of another program whose packet carries no address', () => {
  const name = (label: string): string => `${label}.${names.type}`;
  const records = (label: string): Rr[] => [
    { type: 'SRV', name: name(label), ttl: 60, data: { target: `${label}-host.local`, port: 80 } },
    { type: 'TXT', name: name(label), ttl: 60, data: [Buffer.from('name=asked')] },
  ];
  const hostQuestions = (label: string) =>
    wire.sent.flatMap(({ message }) => message.questions.filter((one) => one.name === `${label}-host.local`));

  it('watchers hear of a foreign node without an address when its host has answered; the host is asked at most once a second', async () => {
    const watcher = open();
    const events = wire.follow(watcher, 'asked');
    await wire.pass(500);
    const stranger = await wire.stranger(5_353);
    wire.sent.length = 0;
    for (let round = 0; round < 10; round += 1) {
      stranger.say({ response: true, answers: records('cam') });
      await wire.pass(50);
    }
    expect(hostQuestions('cam').map(({ type, unicast }) => [type, unicast])).toEqual([
      ['A', true],
      ['AAAA', true],
    ]);
    expect(events.map(({ type }) => type)).toEqual(['synced']);
    stranger.say({ response: true, answers: [{ type: 'A', name: 'cam-host.local', ttl: 60, data: '10.1.2.3' }] });
    await wire.pass(50);
    expect(events.at(-1)).toMatchObject({
      type: 'create',
      service: { nodes: [{ id: 'cam', address: '10.1.2.3:80' }] },
    });
  });

  it('a foreign node whose host is silent is counted and named as skipped, with one line in the log', async () => {
    const lines: string[] = [];
    const logger = {
      ...{ debug() {}, info() {}, error() {} },
      warn: (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`),
    };
    const registry = open({ logger });
    wire.follow(registry, 'asked');
    await wire.pass(500);
    const stranger = await wire.stranger(5_353);
    stranger.say({ response: true, answers: records('mute') });
    await wire.pass(100);
    expect(registry.skipped).toEqual({ count: 1, examples: [{ key: name('mute'), reason: 'no usable address' }] });
    await wire.pass(62_000);
    expect(registry.skipped?.count).toBe(0);
    expect(lines.filter((line) => line.includes('mute'))).toEqual([
      `skipped the entry ${name('mute')} of another program, which cannot be used: no usable address {"key":"${name('mute')}","reason":"no usable address"}`,
    ]);
  });
});

describe('watching', () => {
  it('a watch tells known instances as they answer, and synced within 300 ms', async () => {
    const [registry, watcher] = [open(), open()];
    await wire.settle(registry.register(service('there')));
    await wire.pass(3_000);
    const startedAt = wire.clock.now();
    const events = wire.follow(watcher, 'there');
    while (events.length === 0) await wire.pass(10, 10);
    expect(events.map(({ type }) => type)).toEqual(['create']);
    expect(wire.clock.now() - startedAt).toBeLessThan(300);
    while (events.length === 1) await wire.pass(10, 10);
    expect(events.map(({ type }) => type)).toEqual(['create', 'synced']);
    expect(wire.clock.now() - startedAt).toBeLessThan(350);
  });

  it('a watch that begins a moment after another one ended sends no question again', async () => {
    const watcher = open();
    const first = watcher.watch({ name: 'anew' });
    await wire.settle(first.next());
    await first.return();
    wire.sent.length = 0;
    const events = wire.follow(watcher, 'anew');
    await wire.pass(50, 10);
    expect(events.map(({ type }) => type)).toEqual(['synced']);
    expect(wire.sent).toEqual([]);
  });

  it('a watch of one service makes no other service answer', async () => {
    const [registry, watcher] = [open(), open()];
    for (let index = 0; index < 10; index += 1) await wire.settle(registry.register(service(`many-${index}`)));
    await wire.pass(3_000);
    wire.sent.length = 0;
    wire.follow(watcher, 'many-3');
    await wire.pass(3_000);
    const told = wire.sent.flatMap(({ message }) => (message.response ? message.answers : []));
    expect(new Set(told.filter(({ type }) => type === 'TXT').map(({ name }) => name))).toEqual(
      new Set([instance('many-3')]),
    );
  });

  it('a watch asks for an instance at 80, 85, 90 and 95 % of its TTL, then every 250 ms until a second after its end', async () => {
    const stranger = await wire.stranger(5_353);
    const watcher = open();
    const events = wire.follow(watcher, 'silent');
    await wire.pass(500);
    const data = writeTruth(
      {
        name: 'silent',
        version: '',
        metadata: {},
        endpoints: [],
        node: { id: 'n1', address: '10.0.0.1:80', metadata: {} },
      },
      'stranger',
    );
    stranger.say({ response: true, answers: [{ type: 'TXT', name: instance('silent'), ttl: 20, data }] });
    await wire.pass(50);
    const heardAt = wire.clock.now();
    wire.sent.length = 0;
    await wire.pass(25_000, 10);
    const asked = wire.sent.filter(({ message }) => message.questions.some(({ name }) => name === instance('silent')));
    const seconds = asked.map(({ at }) => (at - heardAt) / 1_000);
    for (const [index, least] of [16, 17, 18, 19].entries()) {
      expect(seconds[index]).toBeGreaterThan(least - 0.1);
      expect(seconds[index]).toBeLessThan(least + 0.5);
    }
    expect(asked.slice(0, 4).map(({ message }) => message.questions[0]?.unicast)).toEqual([false, false, false, false]);
    const last = asked.slice(4);
    expect(last.length).toBeGreaterThanOrEqual(6);
    expect(new Set(last.map(({ message }) => message.questions[0]?.unicast))).toEqual(new Set([true]));
    expect(events.at(-1)).toMatchObject({ type: 'delete', reason: 'expired' });
  });
});

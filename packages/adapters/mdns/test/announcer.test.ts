import type { Entry } from '@rollcall/core/adapter';
import { expect, it } from 'vitest';
import { manualClock } from '../../../core/src/testing/index.ts';
import { Forms } from '../src/mdns-mapping.ts';
import { parseSettings } from '../src/mdns-options.ts';
import type { Link } from '../src/network/link.ts';
import type { Network } from '../src/network/network.ts';
import { Announcer } from '../src/own/announcer.ts';
import { Prober } from '../src/own/probe.ts';
import { Zone } from '../src/own/zone.ts';
import { fromBytes } from '../src/wire/message.ts';

it('a link that comes up gets announcements of all nodes, twice, and no other link gets any', async () => {
  const clock = manualClock();
  const sent: { readonly at: number; readonly links: readonly Link[] | undefined; readonly texts: number }[] = [];
  const send = async (packets: readonly Buffer[], _how = 'tell', links?: readonly Link[]): Promise<void> => {
    const texts = packets.flatMap(
      (bytes) => fromBytes(bytes)?.answers.filter(({ type, ttl }) => type === 'TXT' && ttl > 0) ?? [],
    );
    if (texts.length > 0) sent.push({ at: clock.now(), links, texts: texts.length });
  };
  const network = { send } as unknown as Network;
  const forms = new Forms(parseSettings({ goMicro: false }), 'me');
  const prober = new Prober({ network, clock, forms, owner: 'me' });
  const rest = { logger: undefined, owner: 'me', takenElsewhere: () => false, changed() {} };
  const announcer = new Announcer({ zone: new Zone(forms), prober, network, clock, ...rest });
  const entry = (id: string): Entry => ({
    name: 'svc',
    version: '',
    metadata: {},
    endpoints: [],
    node: { id, address: '10.0.0.1:80', metadata: {} },
  });
  const call = { signal: new AbortController().signal, logger: { debug() {}, info() {}, warn() {}, error() {} } };
  const putting = announcer.put([entry('a'), entry('b')], undefined, call);
  await clock.advance(10_000);
  await putting;
  sent.length = 0;
  const link = {} as Link;
  announcer.up(link);
  await clock.advance(10_000);
  expect(sent).toEqual([
    { at: 10_000, links: [link], texts: 2 },
    { at: 11_000, links: [link], texts: 2 },
  ]);
});

it('a node that does not fit the shape of go-micro is announced in DNS-SD alone, with one line in the log', async () => {
  const clock = manualClock();
  const network = { send: async () => {} } as unknown as Network;
  const lines: (readonly [object, string])[] = [];
  const logger = { debug() {}, info() {}, error() {}, warn: (...line: [object, string]) => void lines.push(line) };
  const call = { signal: new AbortController().signal, logger };
  const long = `${'x'.repeat(64)}-1`;
  const entry = (id: string, port: number, address = `10.0.0.1:${port}`): Entry => ({
    ...{ name: 'svc', version: '', metadata: {}, endpoints: [] },
    node: { id, address, metadata: {} },
  });
  const linesOf = async (options: { readonly goMicro: boolean }): Promise<readonly string[]> => {
    lines.length = 0;
    const forms = new Forms(parseSettings(options), 'me');
    const prober = new Prober({ network, clock, forms, owner: 'me' });
    const rest = { logger, owner: 'me', takenElsewhere: () => false, changed() {} };
    const announcer = new Announcer({ zone: new Zone(forms), prober, network, clock, ...rest });
    for (const port of [80, 81, 82]) {
      const putting = announcer.put([entry(long, port), entry('short', port)], undefined, call);
      await clock.advance(10_000);
      await putting;
    }
    const putting = announcer.put([entry('named', 1, 'host.example:1')], undefined, call);
    await clock.advance(10_000);
    await putting;
    return lines.map(([fields, message]) => `${JSON.stringify(fields)} ${message}`);
  };
  expect(await linesOf({ goMicro: true })).toEqual([
    expect.stringMatching(new RegExp(`"id":"${long}".*announced in DNS-SD alone`)),
    expect.stringMatching(/"id":"named".*announced in DNS-SD alone/),
  ]);
  expect(await linesOf({ goMicro: false })).toEqual([]);
});

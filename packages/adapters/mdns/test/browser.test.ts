import { expect, it } from 'vitest';
import { manualClock } from '../../../core/src/testing/index.ts';
import type { Link } from '../src/network/link.ts';
import type { Network } from '../src/network/network.ts';
import { Browser } from '../src/seen/browser.ts';
import { dnsSdDialect } from '../src/seen/dialects.ts';
import { Sightings } from '../src/seen/sightings.ts';
import { dnsSdNames, writeTruth } from '../src/wire/dns-sd.ts';
import { fromBytes, type Message, type Rr } from '../src/wire/message.ts';

it('when a link is back, known instances are asked for again, since they may have changed meanwhile', async () => {
  const clock = manualClock();
  const asked: (Message | undefined)[] = [];
  const send = async (packets: readonly Buffer[]): Promise<void> => void asked.push(...packets.map(fromBytes));
  const names = dnsSdNames(undefined);
  const dialect = dnsSdDialect(names);
  const watched = (name: string): boolean => browser.watched(name);
  const rest = { dialectOf: () => dialect, refuses: () => false, changed() {} };
  const sightings = new Sightings({ ...rest, watched });
  const network = { send, current: () => undefined } as unknown as Network;
  const none = { listedIn: () => [], ours: () => false, own: () => [] };
  const browser: Browser = new Browser({ network, clock, dialects: [dialect], sightings, ...none });
  const node = { id: 'a', address: '10.0.0.1:80', metadata: {} };
  const data = writeTruth({ name: 'svc', version: '', metadata: {}, endpoints: [], node }, 'them');
  const instance = names.instance({ name: 'svc', id: 'a' });
  const answers: Rr[] = [{ type: 'TXT', name: instance, ttl: 100, data }];
  const message: Message = { id: 0, response: true, truncated: false, questions: [], answers, authorities: [] };
  const link = { place: { key: 'x/4' } } as Link;
  browser.hear(message, { link, from: { address: '10.0.0.1', port: 5_353 }, direct: false });
  browser.want('svc');

  // Questions list the known answers, so that responders do not send them again.
  await clock.advance(1_200);
  expect(asked.flatMap((packet) => packet?.answers ?? [])).toMatchObject([{ data: instance }, { data: instance }]);
  asked.length = 0;
  browser.up(link);
  expect(asked).toMatchObject([{ questions: [{ name: names.subtype('svc'), unicast: true }, {}], answers: [] }]);
  browser.stop();
});

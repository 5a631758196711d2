import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '@rollcall/core';
import { expect, it } from 'vitest';
import { wholeView } from '../src/access/caller.ts';
import { Snapshot } from '../src/fronts/native/snapshot.ts';
import { Snapshots } from '../src/fronts/native/snapshots.ts';
import { CatchUp, type Sources } from '../src/fronts/native/watch/catch-up.ts';
import { WatchGroup } from '../src/fronts/native/watch/watch-group.ts';
import { Bodies } from '../src/http/bodies.ts';
import { Pacer } from '../src/http/pacer.ts';
import type { PublishedRoll } from '../src/roll/published-roll.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

const rounds = 3_000;
/** The number of requests in flight at a time. */
const atOnce = 16;

/** Makes `rounds` requests of 30 MB in all; answers the MB that are left when only young objects are collected. */
async function leftBy(request: (index: number) => (() => void) | undefined): Promise<number> {
  const inUse = (): number => (process.memoryUsage().heapUsed + process.memoryUsage().external) / 1_048_576;
  collect();
  const before = inUse();
  const open: ((() => void) | undefined)[] = [];
  for (let index = 0; index < rounds; index += 1) {
    open.push(request(index));
    if (open.length > atOnce) open.shift()?.();
    if (index % 20 !== 0) continue;
    await setImmediate();
    collect({ type: 'minor' });
  }
  for (const end of open.splice(0)) end?.();
  await setImmediate();
  for (let round = 0; round < 2; round += 1) collect({ type: 'minor' });
  return inUse() - before;
}

/** An array of 10 KB that a request holds. */
const load = (): number[] => Array<number>(1_250).fill(0);
/** A clock whose timers never fire, because these tests need none. */
const clock: Clock = { now: () => 0, wallNow: () => 0, setTimer: () => () => {} };

const requests: [string, () => (index: number) => (() => void) | undefined][] = [
  [
    'a reader of a list',
    () => {
      const snapshot = Snapshot.of({ items: [1, 2], write: (id) => `${id}`, bytes: 10, takenAt: 0 });
      return () => {
        const response = load();
        const chunks = snapshot.read(() => void response.pop());
        chunks.next();
        return () => void chunks.return(undefined);
      };
    },
  ],
  [
    'a body that arrives in parts',
    () => {
      const bodies = new Bodies(clock);
      return () => {
        const stream = Object.assign(new PassThrough(), { headers: {} });
        bodies.read(stream as unknown as IncomingMessage, 100_000).catch(() => {});
        stream.emit('data', Buffer.alloc(10_000));
        return () => void stream.emit('end');
      };
    },
  ],
  [
    'an answer that is written in turns',
    () => {
      const pacer = new Pacer();
      const part = Buffer.alloc(1);
      return () => {
        const body = load();
        const parts = Array.from({ length: 3 }, () => part)[Symbol.iterator]();
        const response = { on: () => {}, once: () => {}, write: () => body.length > 0, end: () => body.pop() };
        pacer.answer(response as unknown as ServerResponse, parts);
        return undefined;
      };
    },
  ],
  [
    'a list that is outdated',
    () => {
      const roll = { settle: () => {}, instances: () => [{ bytes: 1, content: load() }] };
      const snapshots = new Snapshots(roll as unknown as PublishedRoll, clock);
      return (index) => {
        const service = `s${index % atOnce}`;
        snapshots.termsChanged({ env: 'e', service, id: 'a' });
        snapshots.of('e', service);
        return undefined;
      };
    },
  ],
  [
    'a change that watches have sent',
    () => {
      const group = new WatchGroup<unknown>({ env: 'e', service: 'web', view: wholeView }, 0);
      const roll = { revision: 0, epoch: 'epoch' };
      const content = JSON.stringify({ addrs: ['x'.repeat(10_000)] });
      const instance = { env: 'e', service: 'web', id: 'a', content };
      const log = { since: () => [{ type: 'put', revision: roll.revision, instance, evidence: {} }] };
      const catchUp = new CatchUp({ roll, log } as unknown as Sources);
      return () => {
        roll.revision += 1;
        group.changed(roll.revision);
        group.told();
        catchUp.after(roll.revision - 1, group);
        return undefined;
      };
    },
  ],
];

it.each(requests)('V8 frees %s without a full collection', async (_, make) => {
  expect(await leftBy(make())).toBeLessThan(10);
});

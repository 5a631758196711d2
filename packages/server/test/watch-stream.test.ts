import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { manualClock } from '@rollcall/core/testing';
import { expect, it } from 'vitest';
import { wholeView } from '../src/access/caller.ts';
import { ChangeLog } from '../src/changes/change-log.ts';
import { Snapshots } from '../src/fronts/native/snapshots.ts';
import { CatchUp } from '../src/fronts/native/watch/catch-up.ts';
import { WatchGroup } from '../src/fronts/native/watch/watch-group.ts';
import { WatchGroups } from '../src/fronts/native/watch/watch-groups.ts';
import { WatchStream } from '../src/fronts/native/watch/watch-stream.ts';
import { Roll } from '../src/roll/roll.ts';

const clock = manualClock();

/** A roll of 30 large nodes, a stream of it, and what the stream has written. */
function streamed(cursor?: number) {
  const roll = new Roll({ clock, protection: false, cpuTimeMs: () => 0, maxBytes: 1e9 });
  const log = new ChangeLog({ changes: 1_000, bytes: 1e8 }, { revision: 0, at: 0 });
  const snapshots = new Snapshots(roll, clock);
  for (const follower of [log, snapshots]) roll.follow(follower);
  const endpoints = [{ name: 'x'.repeat(30_000) }];
  const register = (id: string, version: string) =>
    roll.register([{ env: 'e', service: 'web', id, addresses: ['h:1'], ttlMs: 0, version, endpoints }]);
  for (let index = 0; index < 30; index += 1) register(`n${index}`, '0');
  const group = new WatchGroup<WatchStream>({ env: 'e', service: undefined, view: wholeView }, roll.revision);
  roll.follow({
    changed: ({ revision }) => {
      group.changed(revision);
      group.told();
    },
    failed: () => {},
  });
  const written: string[] = [];
  const response = Object.assign(new EventEmitter(), {
    write: (chunk: Buffer) => written.push(`${chunk}`) > 0,
    destroyed: false,
    writableNeedDrain: false,
  }) as unknown as ServerResponse;
  const context = { roll, snapshots, catchUp: new CatchUp({ roll, log, snapshots }), isWarming: () => false };
  return {
    roll,
    register,
    written,
    stream: new WatchStream(context, response, group, cursor),
  };
}

const eventsOf = (written: readonly string[]) =>
  written
    .join('')
    .split('\n\n')
    .flatMap((block) => /^event: (\w+)\nid: (\S+)\ndata: (.*)$/s.exec(block)?.slice(1) ?? []);

it('a heartbeat and a change in the middle of a snapshot do not tear it; the change follows', () => {
  const { stream, register, written } = streamed();
  stream.step();
  stream.step();
  stream.beat();
  register('n29', 'changed');
  stream.step();
  stream.warmed();
  while (stream.step() > 0) stream.beat();
  const [event, , data, next, , put, last] = eventsOf(written);
  expect([event, next, last]).toEqual(['snapshot', 'put', 'warmed']);
  const { instances } = JSON.parse(data ?? '') as { instances: { version: string }[] };
  expect(instances).toHaveLength(30);
  expect(JSON.parse(put ?? '')).toMatchObject({ hostname: 'n29', version: 'changed' });
  stream.beat();
  expect(written.at(-1)).toBe(':\n\n');
});

it('a resumed stream tells the missed changes in parts, each with the revision to resume after', () => {
  const { stream, register, written, roll } = streamed(30);
  for (const version of ['1', '2']) for (let index = 0; index < 10; index += 1) register(`n${index}`, version);
  const sizes: number[] = [];
  for (let size = stream.step(); size > 0; size = stream.step()) sizes.push(size);
  // Three nodes of 30 KB exceed the size of a chunk.
  expect(Math.max(...sizes)).toBeLessThan(100_000);
  const events = eventsOf(written);
  expect(events.filter((_, index) => index % 3 === 0)).toEqual([...Array(10).fill('put'), 'current']);
  const revisions = events.filter((_, index) => index % 3 === 1).map((id) => Number(id?.split(':')[1]));
  expect(revisions).toEqual([41, 42, 43, 44, 45, 46, 47, 48, 49, 50, roll.revision]);
});

it('an up-to-date watch gets the next change as an event, even after the log has dropped many changes of other services', () => {
  const roll = new Roll({ clock, protection: false, cpuTimeMs: () => 0, maxBytes: 1e9 });
  const log = new ChangeLog({ changes: 10, bytes: 1e8 }, { revision: 0, at: 0 });
  const snapshots = new Snapshots(roll, clock);
  const groups = new WatchGroups<string>();
  for (const follower of [log, snapshots]) roll.follow(follower);
  roll.follow({
    changed: (change) => {
      for (const group of groups.concernedBy(change)) group.changed(change.revision);
    },
    failed: () => {},
  });
  const register = (service: string, id: string) =>
    roll.register([{ env: 'e', service, id, addresses: ['h:1'], ttlMs: 0 }]);
  register('web', 'first');
  const group = groups.of({ env: 'e', service: 'web', view: wholeView }, roll.revision);
  const cursor = roll.revision;
  for (let index = 0; index < 100; index += 1) register('other', `n${index}`);
  expect(group.changedAt).toBe(cursor);
  register('web', 'second');
  const missing = new CatchUp({ roll, log, snapshots }).after(cursor, group);
  expect(missing.type === 'events' && `${missing.events.bytes}`).toContain('"hostname":"second"');
});

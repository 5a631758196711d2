import { manualClock } from '@rollcall/core/testing';
import { expect, it } from 'vitest';
import { completeOptions } from '../../src/histories/history-options.ts';
import { virtualTime } from '../../src/histories/history-time.ts';
import { fact, type Look } from '../../src/histories/node-model.ts';
import { settle } from '../../src/histories/reading.ts';
import { World } from '../../src/histories/world.ts';
import { shelfHarness, Warehouse } from '../shelf/shelf-registry.ts';

const content = { version: '1', mark: 'x' };

/** Returns the states that later readers may see: a dead object left a record, and a fresh reader saw none. */
function allowedAfterRest(removesOthers: 'own' | 'any'): readonly string[] {
  const { capabilities } = new Warehouse({ removesOthers });
  const world = new World(completeOptions(shelfHarness(), {}), capabilities, virtualTime(manualClock()), undefined);
  const model = world.model('web', 'n1');
  model.add(
    fact({ content, writer: 0, holder: 0, startedAt: 0, ackedAt: 10, goesFrom: 20, goesBy: 90_000, ttlMs: 90_000 }),
  );
  // A call that was refused because of another node may still have written this node.
  const unsure = { content: { version: '2', mark: 'y' }, writer: 1, holder: 1 };
  model.add(fact({ ...unsure, startedAt: 30, ackedAt: Number.POSITIVE_INFINITY }));
  const look: Look = { from: 5_000, until: 5_000 };
  settle(world, 'web', new Map(), look);
  return [...model.allowed({ from: 6_000, until: 6_000 })].sort();
}

it('where nodes answer for themselves, a dead node that a fresh reader does not see may still be in other caches', () => {
  expect(allowedAfterRest('own')).toEqual(['absent', 'version 1, mark x']);
});

it('where a server answers, all readers at rest find what one of them finds', () => {
  expect(allowedAfterRest('any')).toEqual(['absent']);
});

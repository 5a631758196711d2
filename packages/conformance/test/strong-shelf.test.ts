import { describe, it } from 'vitest';
import { type Case, registryCases } from '../src/index.ts';
import { openShelf, shelfHarness, Warehouse } from './shelf/shelf-registry.ts';

// The cases that break nothing run on memory and on the coarse backend.
const warehouse = new Warehouse();
const keyOf = ({ concern, title }: Case): string => `${concern}: ${title}`;
const plain = new Set(registryCases({ open: (options) => openShelf(warehouse, options) }).map(keyOf));

describe('a durable backend that is stopped, frozen and wiped', () => {
  for (const one of registryCases(shelfHarness())) if (!plain.has(keyOf(one))) it(keyOf(one), one.run, 60_000);
});

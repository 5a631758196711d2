// Run: node --test conformance.js (after `npm start` or `npm test` in the root has built the packages).
import { describe, it } from 'node:test';
import { describeRegistry } from '@rollcall/conformance';
import { board, createBoard } from './board-registry.js';

const shared = createBoard();
describeRegistry(
  'board',
  { open: (options) => board(shared, options) },
  // A case waits for most of its time, so six run at a time.
  { describe, it, concurrent: (name, body) => describe(name, { concurrency: 6 }, body) },
);

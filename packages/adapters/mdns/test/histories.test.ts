import { describe, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { mdns } from '../src/index.ts';

// The backend is the link itself, so the test has no server to stop.
checkHistories(
  'mdns on loopback',
  { open: (options) => mdns({ ...options, addresses: ['lo'] }) },
  { runs: inFull ? 300 : 30, together: 10 },
  { describe, it },
);

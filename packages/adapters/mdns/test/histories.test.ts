import { describe, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { mdns } from '../src/index.ts';

// Nothing can be stopped here: the backend is the link.
checkHistories(
  'mdns on loopback',
  { open: (options) => mdns({ ...options, addresses: ['lo'] }) },
  { runs: inFull ? 300 : 30, together: 10 },
  { describe, it },
);

import { describe, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { mdns } from '../src/index.ts';

// Nothing can be stopped here: the backend is the link.
checkHistories(
  'mdns on loopback',
  { open: (options) => mdns({ ...options, addresses: ['lo'] }) },
  // More at a time and shorter than on other backends: every register and read waits for the link.
  inFull ? { runs: 300, together: 10 } : { runs: 30, together: 15, maxCommands: 14 },
  { describe, it },
);

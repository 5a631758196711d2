import { describe, it } from 'vitest';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { memory } from '../src/index.ts';

describeRegistry(
  'memory',
  { open: (options) => memory({ namespace: 'conformance', ...options }) },
  { describe, it, concurrent: describe.concurrent },
);

import { describe, it } from 'vitest';
import { describeRegistry } from '../../conformance/src/index.ts';
import { mdns } from '../src/index.ts';

describeRegistry('mdns', { open: (options) => mdns(options) }, { describe, it });

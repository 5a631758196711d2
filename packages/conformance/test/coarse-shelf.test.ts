import { describe, it } from 'vitest';
import { describeRegistry } from '../src/index.ts';
import { shelfHarness } from './shelf/shelf-registry.ts';

const coarse = {
  minTtlMs: 200,
  ttlResolutionMs: 100,
  propagationMs: 20,
  maxNodeBytes: 1_100,
  removesOthers: 'own',
  takesOver: false,
  durable: false,
  namespaces: false,
} as const;

describeRegistry('a backend that can do little, and late', shelfHarness(coarse), { describe, it });

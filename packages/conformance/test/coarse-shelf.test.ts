import { describeShelf } from './shelf/describe-shelf.ts';

describeShelf('a backend that can do little, and late', {
  minTtlMs: 200,
  ttlResolutionMs: 100,
  propagationMs: 60,
  maxNodeBytes: 1_100,
  removesOthers: 'own',
  takesOver: false,
  durable: false,
  namespaces: false,
});

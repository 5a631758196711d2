import { SkippedEntries } from '@rollcall/core/adapter';
import { expect, it, vi } from 'vitest';
import { createRegistry } from '../src/guard/create-registry.ts';
import { ScriptedDriver } from './scripted-driver.ts';

const logger = () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() });

it('a skipped record that is seen twice is logged once and counted once', () => {
  const [skipped, log] = [new SkippedEntries(), logger()];
  for (const key of ['a', 'b', 'a']) skipped.tell(log, key, 'no address');
  expect(log.warn.mock.calls.map(([fields]) => fields.key)).toEqual(['a', 'b']);
  expect(skipped.summary).toEqual({
    count: 2,
    examples: [
      { key: 'a', reason: 'no address' },
      { key: 'b', reason: 'no address' },
    ],
  });
});

it('the summary of thousands of skipped records counts all and names ten', () => {
  const skipped = new SkippedEntries();
  for (let index = 0; index < 3_000; index += 1) skipped.tell(logger(), `k${index}`, 'no address');
  expect(skipped.summary.count).toBe(3_000);
  expect(skipped.summary.examples.map(({ key }) => key)).toEqual(Array.from({ length: 10 }, (_, index) => `k${index}`));
});

it('a registry says what its driver skipped and which endpoints it has', async () => {
  const summary = { count: 1, examples: [{ key: 'a', reason: 'no address' }] };
  const driver = Object.assign(new ScriptedDriver(), { skipped: summary, endpoints: ['127.0.0.1:1'] });
  const registry = createRegistry(driver);
  expect([registry.skipped, registry.endpoints]).toEqual([summary, ['127.0.0.1:1']]);
  await registry.close();
});

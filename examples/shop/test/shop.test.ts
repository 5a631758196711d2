import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../main.js', import.meta.url));
const env = { ...process.env, ORDERS: '6' };

describe('the shop', () => {
  it.each([[], ['--registry', 'memory'], ['--registry', 'mdns']])(
    'the shop of the examples takes every order with the flags %s %s',
    async (...flags) => {
      const { stdout } = await promisify(execFile)(process.execPath, [main, ...flags], { timeout: 60_000, env });
      const orders = stdout.split('\n').filter((line) => / orders /.test(line));
      expect(orders.map((line) => line.split(' ')[0])).toEqual(['Ada', 'Grace', 'Barbara', 'Ada', 'Grace', 'Barbara']);
      expect(orders[0]).toBe('Ada orders 1 apple, 4 left');
    },
    90_000,
  );
});

import { type Logger, RegistryError } from '@rollcall/core';
import { expect, it, vi } from 'vitest';
import { StatusLines } from '../src/status-lines.ts';

function told(sinceMs: number, error: RegistryError): unknown {
  const warn = vi.fn<Logger['warn']>();
  new StatusLines('web', { debug() {}, info() {}, warn, error() {} }).unregistered(sinceMs, error);
  return warn.mock.calls[0]?.[1];
}

it('the line about a backend that cannot be reached names the command that says what to do', () => {
  const error = new RegistryError('UNAVAILABLE', 'etcd cannot be reached', { registry: 'etcd' });
  expect(told(0, error)).toBe(
    'not registered because etcd cannot be reached; trying again (rollcall doctor says what to do)',
  );
  expect(told(3_200, error)).toMatch(/^not registered for 3\.2 s because etcd/);
});

it('the line about a registerCheck that fails does not send its reader to the registry', () => {
  const error = new RegistryError('UNAVAILABLE', 'registerCheck fails: database is away');
  expect(told(0, error)).toBe('not registered because registerCheck fails: database is away; trying again');
});

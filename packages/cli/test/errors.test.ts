import { readFileSync } from 'node:fs';
import { RegistryError } from '@rollcall/core';
import { expect, it } from 'vitest';
import { CliError, messageOf } from '../src/exit-codes.ts';

it('the command says of an error that neither it nor the system made that it is a defect', () => {
  expect(messageOf(new TypeError('x is not a function'))).toBe(
    'x is not a function: this is a defect of Rollcall, please report it with the command that you gave',
  );
  expect(messageOf('thrown text')).toMatch(/^thrown text: this is a defect/);
});

it('the command prints its own errors, those of a registry and those of the system as they are', () => {
  expect(messageOf(new CliError(2, 'no such token'))).toBe('no such token');
  expect(messageOf(new RegistryError('UNAVAILABLE', 'down'))).toBe('down');
  let error: unknown;
  try {
    readFileSync('/no/such/file');
  } catch (cause) {
    error = cause;
  }
  expect(messageOf(error)).toBe("ENOENT: no such file or directory, open '/no/such/file'");
});

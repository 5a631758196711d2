import { RegistryError } from '@rollcall/core';

/** The meanings of the command's exit codes, as documented in `--help`. */
export const exitCodes = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  unavailable: 3,
  notFound: 4,
  unauthorized: 5,
  interrupted: 130,
  terminated: 143,
} as const;

/** A message for the user, and the exit code that goes with it. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * What to print of an error that ended a command. An error that neither this program nor the system made is a defect,
 * and the text says so.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return defect(String(error));
  const isExpected = error instanceof CliError || RegistryError.is(error) || 'syscall' in error;
  return isExpected ? error.message : defect(error.message);
}

const defect = (text: string): string =>
  `${text}: this is a defect of Rollcall, please report it with the command that you gave`;

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  if (RegistryError.is(error, 'UNAVAILABLE', 'TIMEOUT')) return exitCodes.unavailable;
  if (RegistryError.is(error, 'INVALID_ARGUMENT', 'NOT_SUPPORTED')) return exitCodes.usage;
  if (RegistryError.is(error, 'UNAUTHORIZED')) return exitCodes.unauthorized;
  return exitCodes.unexpected;
}

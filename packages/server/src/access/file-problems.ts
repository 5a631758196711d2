import { systemClock } from '@rollcall/core/adapter';
import { type TlsPaths, tlsFileProblems } from '../http/tls-files.ts';
import type { OptionProblem, ServerOptions } from '../server-options.ts';
import { Tokens } from './tokens.ts';

/** What is wrong with the files that the options name. It only reads the files. */
export function serverFileProblems(options: ServerOptions): readonly OptionProblem[] {
  const { tokensFile, tlsCert: cert, tlsKey: key, tlsClientCa: clientCa, clock = systemClock } = options;
  const tokens = problem('tokensFile', () => new Tokens(tokensFile));
  if (cert === undefined || key === undefined) return tokens;
  const ofTls = tlsFileProblems({ cert, key, clientCa }, clock.wallNow());
  return [...tokens, ...ofTls.map(([path, cause]) => ({ option: tlsOptions[path], message: messageOf(cause) }))];
}

const tlsOptions = { cert: 'tlsCert', key: 'tlsKey', clientCa: 'tlsClientCa' } as const satisfies Record<
  keyof TlsPaths,
  keyof ServerOptions
>;

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function problem(option: keyof ServerOptions, read: () => unknown): readonly OptionProblem[] {
  try {
    read();
    return [];
  } catch (cause) {
    return [{ option, message: messageOf(cause) }];
  }
}

import { pino } from 'pino';
import { type LineTarget, prettyStream } from './pretty-stream.ts';

/** How the server logs. */
export interface LoggerSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** The lowest level that is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** `auto`: pretty for a terminal, else JSON. */
export type LogFormat = 'auto' | 'json' | 'pretty';

/**
 * How much may wait for a slow reader, in bytes. Lines beyond this are dropped, because a log must not hold up the
 * server.
 */
const maxWaitingBytes = 8_388_608;

/** Names of fields that hold a secret, in the first three levels. */
const secretFields = ['token', 'tokens', 'secret', 'password', 'authorization', 'Authorization', 'cookie'];
const redacted = secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** A logger that writes one line per event to stderr, without waiting for the reader. `target`: in place of stderr. */
export function createLogger({ level, format }: LoggerSettings, target?: LineTarget): pino.Logger {
  const options: pino.LoggerOptions = {
    level,
    // Host and process are left out, because the collector of the lines adds them.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: redacted, censor: '(secret)' },
  };
  const isPretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  if (isPretty) return pino(options, prettyStream(target ?? process.stderr));
  return pino(
    options,
    target ?? pino.destination({ dest: process.stderr.fd, sync: false, maxLength: maxWaitingBytes }),
  );
}

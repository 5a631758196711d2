import { pino } from 'pino';
import { type LineTarget, prettyStream } from './pretty-stream.ts';

/** How the server logs. */
export interface LoggerSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** From what level on lines are written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** `auto`: pretty for a terminal, else JSON. */
export type LogFormat = 'auto' | 'json' | 'pretty';

/** Lines that nothing reads are dropped beyond it: a log must not hold up the server. Bytes. */
const maxWaitingBytes = 8_388_608;

/** Fields that hold a secret, wherever in the first three levels they stand. */
const secretFields = ['token', 'tokens', 'secret', 'password', 'authorization', 'Authorization', 'cookie'];
const redacted = secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** A logger that writes one line an event to stderr, without waiting for the reader of the lines. `target`: instead of stderr. */
export function createLogger({ level, format }: LoggerSettings, target?: LineTarget): pino.Logger {
  const options: pino.LoggerOptions = {
    level,
    // The collector of the lines adds host and process.
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

import { styleText } from 'node:util';
import { plain } from '../output.ts';

/** Where lines go. */
export interface LineTarget {
  write(line: string): void;
}

/** Fields of a log line that the pretty form shows by itself. */
interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly err?: { readonly stack?: string };
}

const styles: Readonly<Record<string, 'red' | 'yellow' | 'green' | 'gray'>> = {
  error: 'red',
  warn: 'yellow',
  info: 'green',
};

/** The pretty form for people: time, level, message, and the stack of an error. Text of services cannot move the cursor. */
export function prettyStream(target: LineTarget): LineTarget {
  return {
    write: (line) => {
      const { level, time, msg, err } = JSON.parse(line) as LogLine;
      const label = styleText(styles[level] ?? 'gray', level.padEnd(5), { stream: process.stderr });
      const stack = err?.stack?.split('\n').map((text) => `\n    ${plain(text.trim())}`) ?? [];
      target.write(`${time.slice(11, 19)} ${label} ${plain(msg)}${stack.join('')}\n`);
    },
  };
}

import { styleText } from 'node:util';
import { plain } from '../output.ts';

/** Where lines go. */
export interface LineTarget {
  write(line: string): void;
}

/** What a line of the log holds besides its own fields. */
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

/** For a person: time, level, message, and the stack of an error. What a service wrote cannot move the cursor. */
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

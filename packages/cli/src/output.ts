import { styleText } from 'node:util';

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text of services cannot move the cursor, change colours or reorder text: such characters become `\u{...}`. */
export function plain(text: string): string {
  return text.replace(unsafe, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Bold where the output is a terminal. */
export function heading(text: string): string {
  // styleText returns plain text where the output is not a terminal, or NO_COLOR is set.
  return styleText('bold', text, { stream: process.stdout });
}

/** Rows in aligned columns under a heading. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(plain));
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [heading(line(head)), ...cells.map(line)].join('\n');
}

/** `1 instance`, `2 instances`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Prints one line to stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints one line to stderr, for messages that must not go into a pipe. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

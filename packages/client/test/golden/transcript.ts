/** The format of `rule.txt`: one block per scenario; lines with `>` are inputs, the others are what the rule says. */
export interface Line {
  /** Seconds; -Infinity stands for `before`. */
  readonly at: number;
  readonly isInput: boolean;
  readonly text: string;
}

export interface Transcript {
  readonly title: string;
  readonly nodes: number;
  readonly lines: readonly Line[];
}

function parseLine(text: string): Line {
  const [, at = '', mark, rest = ''] = /^\s*(\S+)\s{2}(?:(>) )?(.*)$/.exec(text) ?? [];
  return { at: at === 'before' ? Number.NEGATIVE_INFINITY : Number(at), isInput: mark !== undefined, text: rest };
}

export function parseTranscripts(text: string): readonly Transcript[] {
  return text
    .split(/^# /m)
    .slice(1)
    .map((block) => {
      const [title = '', count = '', ...rest] = block.trimEnd().split('\n');
      const lines = rest.filter((line) => line.trim() !== '').map(parseLine);
      return { title, nodes: Number(/n = (\d+)/.exec(count)?.[1]), lines };
    });
}

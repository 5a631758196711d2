import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { play } from './play.ts';
import { parseTranscripts } from './transcript.ts';

const transcripts = parseTranscripts(readFileSync(new URL('./rule.txt', import.meta.url), 'utf8'));

describe('the rule of the consumer says what the transcript says', () => {
  it.each(transcripts)('$title', (transcript) => {
    const expected = transcript.lines.filter(({ isInput }) => !isInput).map(({ at, text }) => `${at} ${text}`);
    expect(play(transcript)).toEqual(expected);
  });
});

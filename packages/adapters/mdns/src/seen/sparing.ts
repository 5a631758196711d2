import { maxSpared, sparedMs } from '../mdns-options.ts';
import type { Question } from '../wire/message.ts';
import { keyOfQuestion } from './questions.ts';

/**
 * Lets each question through once a second, and not too many in all. Other hosts, also hostile ones, decide what is
 * mentioned, and must not make us flood the link.
 */
export class Sparing {
  #since = Number.NEGATIVE_INFINITY;
  readonly #asked = new Set<string>();

  /** The questions that may be sent now. */
  spare(questions: readonly Question[], now: number): readonly Question[] {
    if (this.#since + sparedMs < now) {
      this.#since = now;
      this.#asked.clear();
    }
    return questions.filter((question) => {
      const key = keyOfQuestion(question);
      if (this.#asked.size >= maxSpared || this.#asked.has(key)) return false;
      this.#asked.add(key);
      return true;
    });
  }
}

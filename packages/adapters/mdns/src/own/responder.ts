import type { Clock } from '@rollcall/core';
import { entryKey } from '@rollcall/core/adapter';
import { answerDelayMs, defenceIntervalMs, groupIntervalMs, legacyTtlS, truncatedDelayMs } from '../mdns-options.ts';
import { type Link, mdnsPort, type Sender } from '../network/link.ts';
import type { Heard } from '../network/network.ts';
import { type Group, lower, type Message, packResponses, type Question, type Rr } from '../wire/message.ts';
import { type Answer, answersTo, without } from './answers.ts';
import type { Zone } from './zone.ts';

const between = ([least, most]: readonly [number, number]): number => least + Math.random() * (most - least);

/** The answers that wait to be sent to the group on one link. */
interface Waiting {
  /** The answers, each with the earliest time at which it may be sent again. */
  readonly answers: Map<string, { readonly answer: Answer; readonly notBefore: number }>;
  dueAt: number;
  cancel: () => void;
}

/** Answers questions for the nodes of a zone: to the group after a delay and bundled, to a single host at once. */
export class Responder {
  readonly #zone: Zone;
  readonly #clock: Clock;
  readonly #waiting = new Map<Link, Waiting>();
  /** When an answer last went to the group of a link. */
  readonly #toldAt = new WeakMap<Link, Map<string, number>>();

  constructor(zone: Zone, clock: Clock) {
    this.#zone = zone;
    this.#clock = clock;
  }

  hear(message: Message, { link, from }: Heard): void {
    const now = this.#clock.now();
    if (message.questions.length === 0) this.#drop(link, message.answers, now);
    const all = this.#meant(message.questions).flatMap((question) =>
      answersTo(this.#zone, question).map((answer) => ({ answer, unicast: question.unicast === true })),
    );
    if (all.length === 0) return;
    const unknown = new Set(
      without(
        all.map(({ answer }) => answer),
        message.answers,
        now,
      ),
    );
    const wanted = all.filter(({ answer }) => unknown.has(answer));
    const pick = (unicast: boolean): Answer[] =>
      wanted.filter((one) => one.unicast === unicast).map(({ answer }) => answer);
    // An asker on another port does not hear the group. If it also sets the unicast bit, it speaks mDNS.
    if (from.port !== mdnsPort) {
      this.#reply(link, from, pick(true), {});
      this.#reply(link, from, pick(false), { legacy: message });
      return;
    }
    this.#reply(link, from, pick(true), {});
    this.#schedule(link, pick(false), message, now);
  }

  /** A watcher of one service asks for all only to find programs that do not know subtypes. */
  #meant(questions: readonly Question[]): readonly Question[] {
    const { type } = this.#zone.forms.names;
    const narrow = questions.some(({ name }) => lower(name).endsWith(`._sub.${type}`));
    return narrow ? questions.filter(({ name }) => lower(name) !== type) : questions;
  }

  /** Drops all waiting answers. */
  stop(): void {
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  #reply(link: Link, to: Sender, answers: readonly Answer[], { legacy }: { readonly legacy?: Message }): void {
    const now = this.#clock.now();
    const base = legacy === undefined ? {} : { id: legacy.id, questions: legacy.questions };
    const plain = (rr: Rr): Rr => ({ ...rr, flush: false, ttl: Math.min(rr.ttl, legacyTtlS) });
    const groups = unique(answers).map(({ alone, records }) => ({
      alone,
      records: legacy === undefined ? records(now) : records(now).map(plain),
    }));
    for (const bytes of packResponses(groups, base)) link.answer(bytes, to).catch(() => {});
  }

  #schedule(link: Link, answers: readonly Answer[], { truncated, authorities }: Message, now: number): void {
    if (answers.length === 0) return;
    // A prober must hear us before its probe ends.
    const probe = authorities.length > 0;
    const shared = answers.some((answer) => answer.shared);
    const delay = truncated ? between(truncatedDelayMs) : shared && !probe ? between(answerDelayMs) : 0;
    const least = probe ? defenceIntervalMs : groupIntervalMs;
    const waiting = this.#waiting.get(link) ?? { answers: new Map(), dueAt: Number.POSITIVE_INFINITY, cancel() {} };
    this.#waiting.set(link, waiting);
    for (const answer of unique(answers)) {
      const toldAt = this.#toldAt.get(link)?.get(answer.key) ?? Number.NEGATIVE_INFINITY;
      waiting.answers.set(answer.key, { answer, notBefore: toldAt + least });
      this.#arm(link, waiting, Math.max(now + delay, toldAt + least), now);
    }
  }

  #arm(link: Link, waiting: Waiting, dueAt: number, now: number): void {
    if (dueAt >= waiting.dueAt) return;
    waiting.cancel();
    waiting.dueAt = dueAt;
    waiting.cancel = this.#clock.setTimer(dueAt - now, () => this.#tell(link, waiting));
  }

  /** Drops waiting answers that the asker knows, by known answers in a later packet. */
  #drop(link: Link, known: readonly Rr[], now: number): void {
    const answers = this.#waiting.get(link)?.answers;
    if (answers === undefined) return;
    const waiting = [...answers.values()].map(({ answer }) => answer);
    const left = new Set(without(waiting, known, now));
    for (const answer of waiting) if (!left.has(answer)) answers.delete(answer.key);
  }

  /** Sends together all answers that may be sent by now. */
  #tell(link: Link, waiting: Waiting): void {
    const now = this.#clock.now();
    const told = this.#toldAt.get(link) ?? new Map<string, number>();
    this.#toldAt.set(link, told);
    for (const [key, at] of told) if (at + groupIntervalMs < now) told.delete(key);
    const groups: Group[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [key, { answer, notBefore }] of waiting.answers) {
      if (notBefore > now) {
        next = Math.min(next, notBefore);
        continue;
      }
      waiting.answers.delete(key);
      told.set(key, now);
      const { own, alone, records } = answer;
      // A node that was withdrawn or changed meanwhile has been announced already.
      if (own === undefined || this.#zone.get(entryKey(own.entry)) === own)
        groups.push({ alone, records: records(now) });
    }
    waiting.dueAt = Number.POSITIVE_INFINITY;
    if (waiting.answers.size === 0) this.#waiting.delete(link);
    else this.#arm(link, waiting, next, now);
    for (const bytes of packResponses(groups)) link.tell(bytes).catch(() => {});
  }
}

const unique = (answers: readonly Answer[]): readonly Answer[] => [
  ...new Map(answers.map((answer) => [answer.key, answer])).values(),
];

import type { Clock } from '@rollcall/core';
import { untilAborted } from '@rollcall/core/adapter';
import { firstRepeatMs, lastRepeatMs, lingerMs, repeatMs, windowMs } from '../mdns-options.ts';
import type { Link } from '../network/link.ts';
import { listen } from '../network/listen.ts';
import type { Heard, Network } from '../network/network.ts';
import { type Message, packQuestions, type Question, type Rr } from '../wire/message.ts';
import type { Dialect } from './dialects.ts';
import { endOf } from './life.ts';
import { keyOfQuestion, questionsAbout, questionsFor, toUsAlone } from './questions.ts';
import type { Due, Sightings } from './sightings.ts';
import { Sparing } from './sparing.ts';

/** A watched name; undefined: all. */
interface Want {
  watchers: number;
  /** Whether the time for answers to the first questions about the name is over. */
  settled: boolean;
  repeatInMs: number;
  cancelRepeat: () => void;
}

/** A record that points to an instance. */
export type Pointer = Rr & { readonly type: 'PTR' };

/** What a browser works with. */
export interface BrowserOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly dialects: readonly Dialect[];
  readonly sightings: Sightings;
  /** Names whose nodes must be asked for, because a list named them. */
  readonly listedIn: (records: readonly Rr[]) => readonly string[];
  /** Whether an instance is one of our own. */
  readonly ours: (instance: string) => boolean;
  /** Pointers to our own nodes, which are known answers as well. */
  readonly own: (question: Question) => readonly Pointer[];
}

/** Asks at the start, again for answers that it may have missed, and before known records expire. */
export class Browser {
  readonly #options: BrowserOptions;
  readonly #wants = new Map<string | undefined, Want>();
  readonly #surveys = new Map<string | undefined, Promise<void>>();
  readonly #stop = new AbortController();
  #cancelCheck = (): void => {};
  #checkAt = Number.POSITIVE_INFINITY;
  readonly #sparing = new Sparing();

  constructor(options: BrowserOptions) {
    this.#options = options;
  }

  watched(name: string): boolean {
    return this.#wants.has(name) || this.#wants.has(undefined);
  }

  /** Whether the records of a name are kept fresh, so that a read need not ask. */
  warm(name: string | undefined): boolean {
    return this.#wants.get(name)?.settled === true || this.#wants.get(undefined)?.settled === true;
  }

  /** Keeps a name fresh until the returned function is called. */
  want(name: string | undefined): () => void {
    const want = this.#wants.get(name) ?? { watchers: 0, settled: false, repeatInMs: firstRepeatMs, cancelRepeat() {} };
    want.watchers += 1;
    if (!this.#wants.has(name)) {
      this.#wants.set(name, want);
      this.#options.sightings.reconsider(name);
      this.#repeat(name, want);
      this.#arm();
    }
    return () => {
      want.watchers -= 1;
      if (want.watchers === 0) this.#options.clock.setTimer(lingerMs, () => this.#leave(name, want));
    };
  }

  #leave(name: string | undefined, want: Want): void {
    if (want.watchers > 0 || this.#wants.get(name) !== want) return;
    want.cancelRepeat();
    this.#wants.delete(name);
    this.#options.sightings.reconsider(name);
    this.#arm();
  }

  /** Asks and waits for the answers. Calls for the same name meanwhile share it. Rejects where nothing can be sent. */
  async survey(name: string | undefined, signal: AbortSignal): Promise<void> {
    const known = this.#surveys.get(name);
    const survey = known ?? this.#survey(name).finally(() => this.#surveys.delete(name));
    if (known === undefined) this.#surveys.set(name, survey);
    survey.catch(() => {});
    await untilAborted(signal, survey);
    const want = this.#wants.get(name);
    if (want !== undefined) want.settled = true;
  }

  hear({ answers }: Message, { link, from, direct }: Heard): void {
    const { sightings, clock, listedIn, ours } = this.#options;
    const hearing = { records: answers, link, from: from.address, direct, now: clock.now() };
    const { instances, hosts } = sightings.hear(hearing);
    const questions = questionsAbout({ instances: instances.filter((instance) => !ours(instance)), hosts });
    // A list of names does not contain versions.
    if (this.#wants.has(undefined) || this.#surveys.has(undefined))
      for (const name of listedIn(answers)) questions.push(...this.#firstQuestions(name));
    this.#send(this.#sparing.spare(questions, clock.now()), 'ask', [link]);
    this.#arm();
  }

  /** Asks for all records on a link that is new or back, since they may have changed meanwhile. */
  up(link: Link): void {
    for (const name of this.#wants.keys()) this.#send(this.#questions(name).map(toUsAlone), 'ask', [link]);
  }

  /** Notes that no link can send, so known records are no longer kept fresh. */
  down(): void {
    for (const want of this.#wants.values()) want.settled = false;
  }

  stop(): void {
    this.#stop.abort(new Error('closed'));
    for (const { cancelRepeat } of this.#wants.values()) cancelRepeat();
    this.#wants.clear();
    this.#cancelCheck();
  }

  async #survey(name: string | undefined): Promise<void> {
    const { clock } = this.#options;
    await this.#ask(name);
    await listen(clock, repeatMs, this.#stop.signal);
    await this.#ask(name);
    await listen(clock, windowMs - repeatMs, this.#stop.signal);
  }

  /** Asks for a name that is not known yet, in the shapes whose announcers answer the asker alone. */
  #firstQuestions(name: string): readonly Question[] {
    const { sightings, dialects } = this.#options;
    const [known] = sightings.of(name);
    return known === undefined
      ? dialects.filter(({ direct }) => direct).flatMap((dialect) => dialect.questions(name))
      : [];
  }

  /** Asks from a port of this process, so that the answer comes to it alone. */
  async #ask(name: string | undefined): Promise<void> {
    const questions = this.#questions(name);
    await this.#options.network.send(packQuestions(questions.map(toUsAlone), this.#known(questions, name)), 'ask');
  }

  #questions(name: string | undefined): readonly Question[] {
    return this.#options.dialects.flatMap((dialect) => dialect.questions(name));
  }

  #repeat(name: string | undefined, want: Want): void {
    const { clock, dialects } = this.#options;
    want.cancelRepeat = clock.setTimer(want.repeatInMs * (0.9 + 0.2 * Math.random()), () => {
      for (const dialect of dialects) {
        const questions = dialect.questions(name);
        this.#send(questions, dialect.direct ? 'ask' : 'tell', undefined, this.#known(questions, name));
      }
      want.repeatInMs = Math.min(3 * want.repeatInMs, lastRepeatMs);
      this.#repeat(name, want);
    });
  }

  /** Answers that need not be sent again: pointers with more than half of their time left. */
  #known(questions: readonly Question[], name: string | undefined): Rr[] {
    const { sightings, own, clock } = this.#options;
    const now = clock.now();
    return questions.flatMap((question) => {
      const known = new Map(own(question).map((rr) => [rr.data, rr]));
      for (const sighting of sightings.of(name)) {
        if (sighting.leaving !== undefined) continue;
        const { life } = sighting;
        const leftMs = endOf(life) - now;
        const left = leftMs < life.ttlMs / 2 ? 0 : Math.floor(leftMs / 1_000);
        for (const dialect of this.#options.dialects)
          for (const { data, ttl = left } of dialect.pointed(question, sighting))
            if (ttl > 0) known.set(data, { type: 'PTR', name: question.name, ttl, data });
      }
      return [...known.values()];
    });
  }

  /** Sets the one timer to the time of the next check. */
  #arm(): void {
    const { sightings, clock } = this.#options;
    const at = sightings.nextAt();
    if (at === undefined || at >= this.#checkAt || this.#stop.signal.aborted) return;
    this.#cancelCheck();
    this.#checkAt = at;
    this.#cancelCheck = clock.setTimer(at - clock.now(), () => {
      this.#checkAt = Number.POSITIVE_INFINITY;
      this.#refresh(sightings.check(clock.now()));
      this.#arm();
    });
  }

  #refresh(due: readonly Due[]): void {
    const batches = new Map<
      string,
      { readonly link: Link | undefined; readonly how: 'ask' | 'tell'; questions: Question[] }
    >();
    for (const { sighting, unicast } of due) {
      const how = unicast || sighting.dialect.direct ? 'ask' : 'tell';
      // Asks first where the instance was heard last, then everywhere.
      const link = sighting.asked > 2 ? undefined : this.#options.network.current(sighting.link);
      const batch = batches.get(`${how} ${link?.place.key}`) ?? { link, how, questions: [] };
      batches.set(`${how} ${link?.place.key}`, batch);
      batch.questions.push(...questionsFor(sighting).map((question) => ({ ...question, unicast: how === 'ask' })));
    }
    for (const { link, how, questions } of batches.values())
      this.#send(questions, how, link === undefined ? undefined : [link]);
  }

  /** Sends without waiting: the next check of the network shows whether the packet could be sent. */
  #send(questions: readonly Question[], how: 'ask' | 'tell', links?: readonly Link[], known?: readonly Rr[]): void {
    const unique = [...new Map(questions.map((question) => [keyOfQuestion(question), question])).values()];
    void this.#options.network.send(packQuestions(unique, known), how, links).catch(() => {});
  }
}

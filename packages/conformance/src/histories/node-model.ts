import type { DeleteReason } from '@rollcall/core';
import type { Rule } from './violation.ts';

/** The content of a node. */
export interface Content {
  readonly version: string;
  readonly mark: string;
}

/** A known write: what it left, since when, which object holds the node, and how long it lives. */
export interface Fact {
  /** `undefined`: the node is absent. */
  readonly content: Content | undefined;
  /** The object that made the call; `undefined`: a fault, or only an observation. */
  readonly writer: number | undefined;
  /** The object that holds the node; `unknown` when that was only observed. */
  readonly holder: number | 'unknown' | undefined;
  /** The earliest time at which a reader can have seen it. */
  readonly startedAt: number;
  /** When the write was acknowledged; `Infinity` for a write whose outcome is unknown. */
  ackedAt: number;
  /** The earliest moment of expiry. */
  goesFrom: number;
  /** The latest moment of expiry. */
  goesBy: number;
  readonly ttlMs: number;
  /** Why the node is gone, or why it may go. */
  causes: readonly DeleteReason[];
  /** Whether the fact settles the node: no write that was on its way before can still come after it. */
  readonly settles: boolean;
}

/** The times between which an object read something, and the object. */
export interface Look {
  readonly from: number;
  readonly until: number;
  readonly reader?: number | undefined;
}

/** One text for each content; `absent` for none. */
export const textOf = (content: Content | undefined): string =>
  content === undefined ? 'absent' : `version ${content.version}, mark ${content.mark}`;

const never: Fact = {
  content: undefined,
  writer: undefined,
  holder: undefined,
  startedAt: Number.NEGATIVE_INFINITY,
  ackedAt: Number.NEGATIVE_INFINITY,
  goesFrom: Number.POSITIVE_INFINITY,
  goesBy: Number.POSITIVE_INFINITY,
  ttlMs: 0,
  causes: [],
  settles: true,
};

/** A fact with its missing fields filled in. */
export const fact = (known: Partial<Fact> & Pick<Fact, 'startedAt' | 'ackedAt'>): Fact => ({
  ...never,
  settles: false,
  ...known,
});

/** All possible states of one node: a list of facts. An acknowledged fact supersedes earlier ones. */
export class NodeModel {
  #facts: Fact[] = [never];
  readonly #propagationMs: number;
  readonly #stalledMs: (since: number) => number;
  #suspendedSince = Number.POSITIVE_INFINITY;

  /** @param stalledMs For how long this process stood still since then: what must happen by a time may be later by as much. */
  constructor(propagationMs: number, stalledMs: (since: number) => number) {
    this.#propagationMs = propagationMs;
    this.#stalledMs = stalledMs;
  }

  add(known: Fact): Fact {
    this.#facts.push(known);
    // Drops facts that were superseded long ago, which no later question can concern.
    if (this.#facts.length > 60) this.#facts = this.#facts.slice(-40);
    return known;
  }

  /** Takes back a write that is now known not to have happened. */
  withdraw(known: Fact): void {
    this.#facts = this.#facts.filter((one) => one !== known);
  }

  /** What this observation may find, including lag. */
  visible(look: Look): readonly Fact[] {
    return this.#standing(look, (later) =>
      look.reader === later.writer && later.content ? 0 : this.#propagationMs + this.#stalledMs(later.ackedAt),
    );
  }

  /** What the backend itself may hold. */
  stored(look: Look): readonly Fact[] {
    return this.#standing(look, () => 0);
  }

  /** The texts that this observation may find. */
  allowed(look: Look): ReadonlySet<string> {
    const texts = new Set<string>();
    for (const one of this.visible(look)) {
      if (one.content === undefined || look.until >= one.goesFrom) texts.add('absent');
      const mayLive = !this.mustBeGone(one, look) || one.goesBy >= this.#suspendedSince;
      if (one.content !== undefined && mayLive) texts.add(textOf(one.content));
    }
    return texts;
  }

  /** Whether the lease of the fact must be over. */
  mustBeGone({ startedAt, goesBy }: Fact, look: Look): boolean {
    return look.from > goesBy && look.from > goesBy + this.#stalledMs(startedAt);
  }

  /** The rule that this finding breaks: a rule of the lease if the lease is at fault, else the given one. */
  ruleOf(found: string, look: Look, otherwise: Rule): Rule {
    const leased = this.visible(look).filter(({ ttlMs }) => ttlMs > 0);
    if (found === 'absent') return leased.length > 0 ? 'lifetime' : otherwise;
    return leased.some(({ content, goesBy }) => textOf(content) === found && goesBy < look.from) ? 'expiry' : otherwise;
  }

  /** Why an observation may find nothing. */
  causes(look: Look): ReadonlySet<DeleteReason> {
    const causes = new Set<DeleteReason>();
    for (const one of this.visible(look)) {
      for (const cause of one.causes) causes.add(cause);
      if (look.until >= one.goesFrom) causes.add('expired');
    }
    return causes;
  }

  /** Whether the text was ever written. */
  wasWritten(text: string): boolean {
    return this.#facts.some(({ content }) => textOf(content) === text);
  }

  /** Whether the outcome of an earlier write is unknown. */
  isHazy(look: Look): boolean {
    return this.stored(look).some(({ ackedAt }) => ackedAt === Number.POSITIVE_INFINITY);
  }

  /** Begins an outage: running leases may stand still until the backend is back. */
  suspend(since: number): void {
    this.#suspendedSince = since;
  }

  /** Ends an outage: each lease that ran during it may be longer by the outage and one TTL. */
  resume(byMs: number): void {
    const since = this.#suspendedSince;
    this.#suspendedSince = Number.POSITIVE_INFINITY;
    for (const one of this.#facts) if (one.goesBy >= since) one.goesBy += byMs + one.ttlMs;
  }

  #standing({ from, until }: Look, lagOf: (later: Fact) => number): readonly Fact[] {
    return this.#facts.filter((one, index) => {
      if (one.startedAt > until) return false;
      const supersedes = (later: Fact): boolean =>
        later.ackedAt + lagOf(later) <= from &&
        (one.ackedAt !== Number.POSITIVE_INFINITY || later.settles || later.writer === one.writer);
      return !this.#facts.slice(index + 1).some(supersedes);
    });
  }
}

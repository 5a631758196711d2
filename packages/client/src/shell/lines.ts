import type { Clock, Logger, RegistryError } from '@rollcall/core';
import { lineWaitMs } from '../defaults.ts';
import type { Fact } from '../rule/board.ts';

/** How many nodes a line names; it counts the rest. */
const named = 3;

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
const nodes = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`);

function list(facts: readonly Fact[]): string {
  const names = facts.slice(0, named).map(({ state: { node } }) => `${node.id} (${node.address})`);
  const more = facts.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The sentence about facts of one kind; undefined: this change of state needs no line. */
function sentence(kind: string, facts: readonly Fact[], known: number): string | undefined {
  const count = nodes(facts.length);
  switch (kind) {
    case 'suspect':
      return `${count} of ${known} vanished from the registry at once, so the client keeps them while they accept connections: ${list(facts)}`;
    case 'unreachable':
      return `${count} unreachable: ${list(facts)}; called last until a connection succeeds`;
    case 'failed':
      return `${count} ejected for failed answers: ${list(facts)}`;
    case 'back':
      return `${count} in use again: ${list(facts)}`;
    case 'listed':
      return `${count} listed by the registry again: ${list(facts)}`;
    case 'gone':
      return `${count} given up as gone (${facts[0]?.why}): ${list(facts)}`;
    default:
      return undefined;
  }
}

function kindOf({ type, why, isAgain }: Fact): string | undefined {
  if (type === 'eject') return isAgain ? undefined : why;
  // A removal that is believed needs no line, because the registry itself reported it.
  if (type === 'gone') return why === undefined ? undefined : type;
  return type === 'trial' ? undefined : type;
}

/** Reports every change that affects callers: one line per change of state, to the logger or else to stderr. */
export class Lines {
  readonly #logger: Logger | undefined;
  readonly #clock: Clock;
  readonly #pending = new Map<string, { facts: Fact[]; known: number }>();
  #cancel: (() => void) | undefined;

  constructor(logger: Logger | undefined, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Events within a moment share a line. `known`: how many nodes the service has, suspects included. */
  facts(service: string, facts: readonly Fact[], known: number): void {
    const waiting = this.#pending.get(service) ?? { facts: [], known };
    waiting.facts.push(...facts);
    waiting.known = Math.max(waiting.known, known);
    this.#pending.set(service, waiting);
    this.#cancel ??= this.#clock.setTimer(lineWaitMs, () => this.flush());
  }

  /** Prints the waiting lines. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const [service, { facts, known }] of this.#pending) this.#printFacts(service, facts, known);
    this.#pending.clear();
  }

  #printFacts(service: string, facts: readonly Fact[], known: number): void {
    const groups = new Map<string, Fact[]>();
    for (const fact of facts) {
      const kind = kindOf(fact);
      if (kind === undefined) continue;
      const group = kind === 'gone' ? `${kind} ${fact.why}` : kind;
      groups.set(group, [...(groups.get(group) ?? []), fact]);
    }
    for (const [group, members] of groups) {
      const text = sentence(group.split(' ')[0] ?? '', members, known);
      if (text !== undefined) this.#print(service, text);
    }
  }

  lost(service: string, error: RegistryError, known: number): void {
    const kept = known === 0 ? 'no node is known' : `calls go on with the ${nodes(known)} last known`;
    this.#print(
      service,
      `the registry is lost because ${error.message}; ${kept} (rollcall doctor says what to do)`,
      error,
    );
  }

  synced(service: string, lostMs: number): void {
    this.#print(service, `in sync with the registry again after ${seconds(lostMs)}`);
  }

  warn(subject: string, text: string, error?: unknown): void {
    this.#print(subject, text, error);
  }

  #print(service: string, text: string, error?: unknown): void {
    const line = `rollcall client${service === '' ? '' : ` ${service}`}: ${text}\n`;
    if (this.#logger === undefined) process.stderr.write(line);
    else
      try {
        this.#logger.warn({ service, error }, text);
      } catch {
        // A logger that throws must not end the work that the line is about.
        process.stderr.write(line);
      }
  }
}

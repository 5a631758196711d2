/** What a history found: which rule of the contract was broken, and by what. */
export class Violation extends Error {
  override readonly name = 'Violation';
  /** The rule, as a sentence. */
  readonly rule: Rule;
  /** The history up to here, as lines that read like a test. Set when the history has ended. */
  lines: readonly string[] = [];

  constructor(rule: Rule, detail: string, options?: ErrorOptions) {
    super(`${rules[rule]}: ${detail}`, options);
    this.rule = rule;
  }

  /** Adds the history, without the prefix that makes its names unique. */
  tell(lines: readonly string[], prefix: string): void {
    this.lines = [...lines];
    this.message = this.message.replaceAll(prefix, '');
  }
}

/** The rules that histories hold a registry to. */
export const rules = {
  lifetime: 'a node stays for its TTL',
  expiry: 'a node is gone after its TTL and the slack',
  visibility: 'an acknowledged write is visible within propagationMs',
  rest: 'reads at rest are what was written',
  watch: 'what a watcher was told is the truth at synced and at rest',
  sorted: 'answers are sorted by code unit',
  event: 'an event changes what was told before, by one node that was written',
  reason: 'a delete says why',
  order: 'calls of one object on one node take effect in call order',
  closed: 'nothing happens after close',
  ownership: 'a renewal of what another holds is CONFLICT, and only that',
  outage: 'calls and watchers report an outage as long as it lasts, and no longer',
  ends: 'every call ends',
  call: 'a call that can be served succeeds',
} as const;

/** The name of a rule. */
export type Rule = keyof typeof rules;

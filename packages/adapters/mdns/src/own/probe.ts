import type { Clock } from '@rollcall/core';
import { type Entry, type EntryKey, entryKey } from '@rollcall/core/adapter';
import { heldElsewhere } from '../mdns-error.ts';
import type { Form, Forms } from '../mdns-mapping.ts';
import { deferMs, probeIntervalMs, probes } from '../mdns-options.ts';
import { listen } from '../network/listen.ts';
import type { Network } from '../network/network.ts';
import { readTruth } from '../wire/dns-sd.ts';
import { type Message, maxPacketBytes, nameKey, type Question, type Rr, toBytes } from '../wire/message.ts';

/** One node that is probed for before it is announced (RFC 6762, 8.1). */
interface Contender {
  readonly key: EntryKey;
  readonly dnsSd: Form | undefined;
  readonly goMicro: Form | undefined;
  /** The address from which the holder of the node answered. */
  holder: string | undefined;
  /** Whether another host probes for the node at the same time and wins. */
  behind: boolean;
}

/** Asks three times whether another host has a node. */
export class Prober {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #forms: Forms;
  readonly #owner: string;
  readonly #contenders = new Map<string, Contender>();

  constructor(options: {
    readonly network: Network;
    readonly clock: Clock;
    readonly forms: Forms;
    readonly owner: string;
  }) {
    this.#network = options.network;
    this.#clock = options.clock;
    this.#forms = options.forms;
    this.#owner = options.owner;
  }

  /** Resolves when no answer came; rejects `CONFLICT` when one did, `UNAVAILABLE` where nothing can be sent. */
  async probe(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    const contenders = entries.map(
      (entry): Contender => ({
        key: entryKey(entry),
        dnsSd: this.#forms.dnsSd(entry),
        goMicro: this.#forms.goMicro(entry),
        holder: undefined,
        behind: false,
      }),
    );
    const names = (one: Contender) =>
      [one.dnsSd, one.goMicro].flatMap((form) => (form ? [nameKey(form.instance)] : []));
    for (const one of contenders) for (const name of names(one)) this.#contenders.set(name, one);
    try {
      for (let sent = 0; sent < probes; sent += 1) {
        await this.#send(contenders);
        await listen(this.#clock, probeIntervalMs, signal);
        for (const { key, holder } of contenders)
          if (holder !== undefined) throw heldElsewhere(key, holder === '' ? '' : ` at ${holder}`);
        if (!contenders.some(({ behind }) => behind)) continue;
        // By then the registry that came first defends the node.
        await listen(this.#clock, deferMs, signal);
        for (const one of contenders) one.behind = false;
        sent = -1;
      }
    } finally {
      for (const one of contenders)
        for (const name of names(one)) if (this.#contenders.get(name) === one) this.#contenders.delete(name);
    }
  }

  /** An answer for an instance arrived: returns whether we probe for that instance. */
  holds(instance: string, where: string): boolean {
    const contender = this.#contenders.get(nameKey(instance));
    if (contender === undefined) return false;
    contender.holder ??= where;
    return true;
  }

  /** Another host probes: of two simultaneous probes the one with the later records wins (RFC 6762, 8.2). */
  hear({ authorities }: Message): void {
    for (const rr of authorities) {
      const contender = rr.type === 'TXT' ? this.#contenders.get(nameKey(rr.name)) : undefined;
      const owner = contender === undefined || rr.type !== 'TXT' ? undefined : readTruth('', rr.data)?.owner;
      if (contender !== undefined && owner !== undefined && owner > this.#owner) contender.behind = true;
    }
  }

  async #send(contenders: readonly Contender[]): Promise<void> {
    const asked = contenders.flatMap(({ dnsSd }) => (dnsSd === undefined ? [] : [dnsSd]));
    // go-micro answers only the asker, so its names are asked for from a port of our own.
    const direct = contenders.flatMap(({ goMicro }): Question[] =>
      goMicro === undefined ? [] : [{ name: goMicro.instance, type: 'ANY', unicast: true }],
    );
    await this.#network.send(packProbes(asked));
    await this.#network.send(
      direct.map((question) => toBytes({ questions: [question] })),
      'ask',
    );
  }
}

/** Questions with the records that the probe would announce, as many as fit in a packet. */
function packProbes(forms: readonly Form[]): Buffer[] {
  const packets: { questions: Question[]; authorities: Rr[] }[] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const form of forms) {
    const question: Question = { name: form.instance, type: 'ANY' };
    const authorities = form.records(1).filter(({ type }) => type === 'TXT' || type === 'SRV');
    const more = toBytes({ questions: [question], authorities }).length;
    if (bytes + more > maxPacketBytes) {
      packets.push({ questions: [], authorities: [] });
      bytes = 0;
    }
    bytes += more;
    packets.at(-1)?.questions.push(question);
    packets.at(-1)?.authorities.push(...authorities);
  }
  return packets.map(toBytes);
}

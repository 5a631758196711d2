import { LeaseTable } from '@rollcall/core/adapter';
import { type Member, Protection } from '../../src/protection/index.ts';

/** A simulated fleet: a script of commands by second, and the log that self-protection writes beneath. */
export class Simulation {
  readonly log: string[] = [];
  readonly protection: Protection;
  readonly #leases = new LeaseTable<{ service: string; id: string }>();
  readonly #alive = new Map<
    string,
    { service: string; id: string; interval: number; ttl: number; from: number; cut: boolean }
  >();
  readonly #listed = new Map<string, Member>();
  readonly #commands: { at: number; run: () => void }[] = [];
  #on = false;
  #stopped: readonly [number, number] | undefined;

  constructor(random: () => number = () => 0.5, enabled = true) {
    this.protection = new Protection({ enabled, random });
  }

  at(second: number, run: () => void): this {
    this.#commands.push({ at: second, run });
    return this;
  }

  /** Registers an instance now and renews its lease at every interval from then on. */
  join(service: string, id: string, now: number, interval = 30, ttl = 90): void {
    this.#alive.set(id, { service, id, interval, ttl, from: now, cut: false });
    this.#hear(id, now, true);
  }

  kill(id: string): void {
    this.#alive.delete(id);
  }

  cancel(id: string, now: number): void {
    const node = this.#alive.get(id)!;
    this.#alive.delete(id);
    this.#listed.delete(id);
    this.#leases.delete(id);
    this.protection.cancelled(node.service, id, now * 1000);
  }

  /** The operator ends protection; returns the number of evicted instances. */
  end(now: number): number {
    const ended = this.protection.end(now * 1000);
    for (const { id } of ended) this.#listed.delete(id);
    return ended.length;
  }

  cut(ids: readonly string[], cut: boolean): void {
    for (const id of ids) {
      const node = this.#alive.get(id);
      if (node !== undefined) node.cut = cut;
    }
  }

  /** The server hears the instance again now, and at every interval from then on. */
  heal(id: string, now: number): void {
    const node = this.#alive.get(id);
    if (node === undefined) return;
    node.cut = false;
    node.from = now;
    this.#hear(id, now, false);
  }

  /** The server stands still: it hears nothing, and its clock does not run. */
  stopServer(from: number, to: number): this {
    this.#stopped = [from, to];
    return this;
  }

  /** The golden fleet: 20 instances in four applications, of which one registers each second. */
  fleet(lease: (index: number) => readonly [number, number] = () => [30, 90]): this {
    for (let index = 0; index < 20; index += 1) {
      this.at(index, () => this.join(`app${index % 4}`, `${index}`, index, ...lease(index)));
    }
    return this;
  }

  /** Runs in steps of a quarter of a second. The commands of a second run before its heartbeats. */
  run(until: number): readonly string[] {
    const commands = [...this.#commands].sort((a, b) => a.at - b.at);
    for (let quarter = 0; quarter <= until * 4; quarter += 1) {
      const now = quarter / 4;
      while (commands[0] !== undefined && commands[0].at <= now) commands.shift()!.run();
      const [from, to] = this.#stopped ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      if (now >= from && now < to) continue;
      const lost = now >= to ? to - from : 0;
      if (Number.isInteger(now))
        for (const { id, interval, from: start } of this.#alive.values())
          if (now > start && (now - start) % interval === 0) this.#hear(id, now - lost, false);
      this.#judge(now, now - lost);
    }
    this.log.push(`${until} listed ${this.#listed.size}, alive ${this.#alive.size}`);
    return this.log;
  }

  #hear(id: string, now: number, first: boolean): void {
    const node = this.#alive.get(id)!;
    if (node.cut && !first) return;
    const ms = now * 1000;
    const known = this.#listed.get(id);
    const lease = { ttlMs: node.ttl * 1000, renewIntervalMs: node.interval * 1000 };
    if (known !== undefined) this.protection.renewed(known, ms);
    else this.#listed.set(id, this.protection.registered(node.service, id, lease, ms));
    this.#leases.set(id, node, node.ttl * 1000, ms);
  }

  #judge(shown: number, now: number): void {
    const ms = now * 1000;
    for (const { service, id } of this.#leases.expire(ms)) this.protection.expired(service, id, ms);
    const { evict } = this.protection.advance(ms);
    for (const { service, id } of evict) {
      this.#listed.delete(id);
      this.log.push(`${shown} evict ${service}/${id}`);
    }
    const { on } = this.protection.view(ms);
    if (on !== this.#on) this.log.push(`${shown} protection ${on ? 'on' : 'off'}`);
    this.#on = on;
  }
}

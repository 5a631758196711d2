import { onAbort, pause } from '@rollcall/core/adapter';
import { allSettled } from '../agents/all-settled.ts';
import { CheckTable } from './check-table.ts';
import { bounded, floorOf, open, type WatchContext } from './follow.ts';
import { MachineTable } from './machine-table.ts';
import { liveEntries, type Roll, rollOf, tellChanges } from './roll.ts';
import { settled } from './settled.ts';

/**
 * All services, by three blocking queries: every check, every name with its tags, every machine. They show which names
 * may have changed, and only those are read.
 */
export async function watchEverything(context: WatchContext): Promise<void> {
  const watch = new WatchOfEverything(context);
  await watch.run();
}

class WatchOfEverything {
  readonly #context: WatchContext;
  readonly #rolls = new Map<string, Roll>();
  readonly #checks = new CheckTable();
  readonly #machines = new MachineTable();
  readonly #dirty = new Set<string>();
  #names: ReadonlyMap<string, string> = new Map();
  #wake = (): void => {};

  constructor(context: WatchContext) {
    this.#context = context;
  }

  async run(): Promise<void> {
    const { link, reader, sink, signal } = this.#context;
    // The checks are listed before the services are read, so that a service that changes meanwhile is read again.
    const checks = await open(this.#context, signal, {
      read: (query) => link.checks(query),
      tell: ({ value }) => this.#takeChecks(value),
    });
    const services = await open(this.#context, signal, {
      read: (query) => reader.names(link, query),
      tell: ({ names }, moved) => this.#takeNames(names, moved),
    });
    const machines = await open(this.#context, signal, {
      read: (query) => link.nodes(query),
      tell: ({ value }) => this.#takeMachines(value),
    });
    this.#checks.take(checks.first.value);
    this.#machines.take(machines.first.value);
    this.#names = services.first.names;
    const names = [...this.#names.keys()];
    const rolls = await allSettled(names, async (name) => {
      const read = (): Promise<Roll> => this.#read(name, signal);
      return settled(this.#context, await read(), read);
    });
    for (const [at, name] of names.entries()) this.#keep(name, rolls[at] ?? new Map());
    sink.snapshot(liveEntries(this.#rolls.values()));
    await this.#together([checks.follow, services.follow, machines.follow, (stop) => this.#readDirty(stop)]);
  }

  /** Runs queries together. The failure of one query ends the others, and no query outlives this function. */
  async #together(parts: readonly ((stop: AbortSignal) => Promise<void>)[]): Promise<void> {
    const { signal } = this.#context;
    const stop = new AbortController();
    const free = onAbort(signal, () => stop.abort(signal.reason));
    const guarded = async (part: (stop: AbortSignal) => Promise<void>): Promise<void> => {
      try {
        await part(stop.signal);
      } catch (cause) {
        stop.abort(cause);
      }
    };
    await Promise.all(parts.map(guarded));
    free();
    throw stop.signal.reason;
  }

  #takeChecks(items: readonly unknown[]): void {
    const { services, nodes } = this.#checks.take(items);
    for (const service of services) this.#dirty.add(service);
    // A check of a machine counts for all its services.
    this.#dirtyOf(nodes);
    this.#wake();
  }

  #takeMachines(items: readonly unknown[]): void {
    // A service without an address of its own uses that of its machine, and neither checks nor tags show a change of
    // it.
    this.#dirtyOf(this.#machines.take(items));
    this.#wake();
  }

  #takeNames(names: ReadonlyMap<string, string>, moved: boolean): void {
    for (const [name, tags] of names) if (this.#names.get(name) !== tags) this.#dirty.add(name);
    for (const name of this.#names.keys()) if (!names.has(name)) this.#dirty.add(name);
    this.#names = names;
    // Some service changed. For services of other writers neither tags nor checks need to show it, so these are read
    // each time.
    if (moved) this.#dirtyWhere((roll) => [...roll.values()].some(({ owner }) => owner === undefined));
    this.#wake();
  }

  #dirtyOf(machines: ReadonlySet<string>): void {
    if (machines.size > 0) this.#dirtyWhere((roll) => [...roll.values()].some(({ node }) => machines.has(node)));
  }

  #dirtyWhere(holds: (roll: Roll) => boolean): void {
    for (const [name, roll] of this.#rolls) if (holds(roll)) this.#dirty.add(name);
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #readDirty(stop: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const free = onAbort(stop, () => this.#wake());
    while (!stop.aborted) {
      if (this.#dirty.size === 0) await this.#woken();
      if (stop.aborted) return;
      const startedAt = clock.now();
      const names = [...this.#dirty];
      this.#dirty.clear();
      await allSettled(names, async (name) => this.#tell(name, await this.#read(name, stop)));
      await pause(clock, floorOf(clock.now() - startedAt), stop);
    }
    free();
  }

  async #read(name: string, signal: AbortSignal): Promise<Roll> {
    const { link, reader, logger } = this.#context;
    const reading = await bounded(this.#context, signal, (query) => reader.read(link, name, query, logger));
    return rollOf(reading.instances);
  }

  #tell(name: string, now: Roll): void {
    const before = this.#rolls.get(name) ?? new Map();
    this.#keep(name, now);
    tellChanges(this.#context.sink, before, now);
  }

  #keep(name: string, roll: Roll): void {
    if (roll.size === 0) this.#rolls.delete(name);
    else this.#rolls.set(name, roll);
  }
}

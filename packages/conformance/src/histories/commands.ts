import fc from 'fast-check';
import { freeze, resume, start, stop, wipe } from './breaking.ts';
import { breakOff, close, rest } from './living.ts';
import type { Content } from './node-model.ts';
import { list, read } from './reading.ts';
import { nodeIds, serviceLabels, slots, type World } from './world.ts';
import { burst, canBurst, deregister, register, type Writing } from './writing.ts';

/** The state that decides whether a command makes sense, without asking a registry. */
export interface Stage {
  backend: 'serving' | 'stopped' | 'frozen';
  /** Watchers that were started and not stopped. */
  watchers: number;
}

/** A command of a history. */
export type Command = fc.AsyncCommand<Stage, World>;

const always = (): boolean => true;
const serving = ({ backend }: Stage): boolean => backend === 'serving';

function command(
  what: string,
  check: (stage: Readonly<Stage>) => boolean,
  run: (world: World, stage: Stage) => Promise<void>,
): Command {
  return {
    check,
    toString: () => what,
    async run(stage, world) {
      await run(world, stage);
      world.check();
      // Whatever a watcher heard meanwhile is checked before the next command.
      await world.time.pass(0);
      world.check();
    },
  };
}

const slot = fc.nat(slots.length - 1);
// The first of each list comes more often than the others, because objects meet only in nodes that they share.
const service = fc.constantFrom(serviceLabels[0], serviceLabels[0], ...serviceLabels);
const id = fc.constantFrom(nodeIds[0], nodeIds[0], nodeIds[0], ...nodeIds);
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 2 });
const content = fc.record({ version: fc.constantFrom('1', '2'), mark: fc.constantFrom('x', 'y', 'z') });

/** TTLs of a history: none, the shortest that the backend keeps, one that it rounds up, one longer than any timer. */
const ttl = fc.constantFrom('none', 'short', 'uneven', 'long');

/** How far time moves: not at all, into a lease, beyond it, beyond it and the slack. */
const stretch = fc.constantFrom('a moment', 'half a TTL', 'most of a TTL', 'a TTL', 'a TTL and the slack', 'a while');

function ttlMsOf({ capabilities: { minTtlMs, ttlResolutionMs } }: World, kind: string): number | undefined {
  if (kind === 'none') return undefined;
  const short = Math.max(minTtlMs, ttlResolutionMs, 100);
  if (kind === 'short') return short;
  return kind === 'uneven' ? short + ttlResolutionMs / 2 : 30 * 86_400_000;
}

/** The promised renew interval: none, once per TTL, far less often, far more often. */
const interval = fc.constantFrom(undefined, undefined, 1, 20, 1 / 20);

/** The length of a move of time on this backend. */
export function stretchMs(world: World, kind: string): number {
  const ttlMs = ttlMsOf(world, 'short') ?? 0;
  const { expirySlackMs, propagationMs } = world.capabilities;
  if (kind === 'a moment') return 5;
  if (kind === 'half a TTL') return ttlMs / 2;
  if (kind === 'most of a TTL') return ttlMs * 0.9;
  if (kind === 'a TTL') return ttlMs + 5;
  const whole = ttlMs + expirySlackMs + propagationMs + world.time.slackMs + 5;
  // Real time is not spent on states that only an outage prolongs.
  return kind === 'a while' && world.time.isVirtual ? whole * 8 : whole;
}

/** What an object last registered of a service, and with which kind of TTL. */
interface Said {
  readonly content: Content;
  readonly kind: string;
}
const last = new WeakMap<World, Map<string, Said>>();

function saidBy(world: World): Map<string, Said> {
  const known = last.get(world) ?? new Map<string, Said>();
  last.set(world, known);
  return known;
}

const registers = fc.tuple(slot, service, ids, content, ttl, interval).map(([from, name, nodes, says, kind, often]) =>
  command(`register ${from}`, always, async (world) => {
    const ttlMs = ttlMsOf(world, kind);
    const renewIntervalMs = often && ttlMs && ttlMs * often;
    const writing: Writing = { service: name, ids: nodes, content: says, ttlMs, renewIntervalMs };
    const caller = await world.caller(from);
    saidBy(world).set(`${caller.number} ${name}`, { content: says, kind });
    await register(world, caller, writing);
  }),
);

/** Registers one node or two again with the same content, like a heartbeat; the lease may get another TTL. */
const renews = fc.tuple(slot, service, ids, content, ttl).map(([from, name, nodes, says, drawn]) =>
  command(`renew ${from}`, always, async (world) => {
    const known = saidBy(world);
    const caller = await world.caller(from);
    const said = known.get(`${caller.number} ${name}`) ?? { content: says, kind: drawn };
    known.set(`${caller.number} ${name}`, said);
    const kind = said.kind === 'none' || drawn === 'none' ? said.kind : drawn;
    await register(world, caller, { service: name, ids: nodes, content: said.content, ttlMs: ttlMsOf(world, kind) });
  }),
);

const deregisters = fc
  .tuple(slot, service, ids)
  .map(([from, name, nodes]) =>
    command(`deregister ${from}`, always, async (world) => deregister(world, await world.caller(from), name, nodes)),
  );

const bursts = fc
  .tuple(slot, service, id, fc.array(fc.option(content, { nil: undefined }), { minLength: 2, maxLength: 5 }))
  .map(([from, name, node, contents]) =>
    command(`burst ${from}`, serving, async (world) => {
      const caller = await world.caller(from);
      if (!canBurst(world, caller, name, node)) return;
      await burst(world, caller, name, node, contents as readonly (Content | undefined)[]);
      await read(world, caller, name, 'order');
    }),
  );

const reads = fc.tuple(slot, service).map(([from, name]) =>
  command(`read ${from}`, always, async (world) => {
    await read(world, await world.caller(from), name);
  }),
);

const lists = slot.map((from) =>
  command(`list ${from}`, always, async (world) => list(world, await world.caller(from))),
);

const watches = fc.tuple(slot, fc.option(service, { nil: undefined })).map(([from, name]) =>
  command(`watch ${from}`, always, async (world, stage) => {
    world.watch(await world.caller(from), name);
    stage.watchers += 1;
  }),
);

const breaks = fc.nat(3).map((index) =>
  command(
    `break ${index}`,
    ({ watchers }) => watchers > 0,
    async (world, stage) => {
      const running = world.running();
      const told = running[index % Math.max(running.length, 1)];
      if (told === undefined) return;
      stage.watchers -= 1;
      await breakOff(world, told);
    },
  ),
);

const closes = fc
  .tuple(slot, fc.boolean())
  .map(([from, withdraw]) =>
    command(`close ${from}`, always, async (world) => close(world, await world.caller(from), withdraw)),
  );

const passes = stretch.map((kind) =>
  command(`pass ${kind}`, always, async (world) => {
    const ms = stretchMs(world, kind);
    world.note(`await pass(${Math.round(ms)}); // ${kind}`);
    await world.time.pass(ms);
  }),
);

const rests = fc.constant(command('rest', serving, rest));

const fault = (
  run: (world: World) => Promise<void>,
  check: (stage: Readonly<Stage>) => boolean,
  after: Stage['backend'],
): fc.Arbitrary<Command> =>
  fc.constant(
    command(run.name, check, async (world, stage) => {
      stage.backend = after;
      await run(world);
    }),
  );

const faults = [
  fault(stop, serving, 'stopped'),
  fault(start, ({ backend }) => backend === 'stopped', 'serving'),
  fault(freeze, serving, 'frozen'),
  fault(resume, ({ backend }) => backend === 'frozen', 'serving'),
  fault(wipe, serving, 'serving'),
];

/** Sequences of commands. Registers, renewals and moves of time are more frequent than the rest. */
export function histories(withFaults: boolean, maxCommands: number): fc.Arbitrary<Iterable<Command>> {
  const often = [registers, renews, passes];
  const others = [deregisters, bursts, reads, lists, watches, breaks, closes, rests];
  const all = [...often, ...often, ...others, watches, reads, ...(withFaults ? faults : [])];
  return fc.commands(all, { maxCommands, size: 'max' }) as fc.Arbitrary<Iterable<Command>>;
}

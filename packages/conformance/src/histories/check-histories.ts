import { holdProcess } from '@rollcall/core/adapter';
import fc from 'fast-check';
import type { Harness, TestRunner } from '../harness.ts';
import { capabilitiesOf } from '../kit/context.ts';
import { FaultControl } from '../kit/fault-control.ts';
import { now } from '../kit/waiting.ts';
import { resume, start } from './breaking.ts';
import { type Command, histories, type Stage, stretchMs } from './commands.ts';
import { completeOptions, type HistoryOptions, type HistorySettings } from './history-options.ts';
import { realTime, virtualTime } from './history-time.ts';
import { close, rest } from './living.ts';
import { Judgement, type Stalls, Unjudged } from './stalls.ts';
import { rules, Violation } from './violation.ts';
import { World } from './world.ts';

/** The runner's timeout: the suite ends by itself before that. Milliseconds per history. */
const limitPerHistoryMs = 60_000;
/** Longest timer of the platform. Milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Declares one test that plays random histories on a registry and checks every answer and event against a small model
 * of the contract. A failing history is shortened as far as possible, and reported as lines that read like a test, with
 * seed and path to replay it.
 *
 * @param name The registry's name in the report.
 * @param runner `{ describe, it }` of vitest, node:test or mocha.
 */
export function checkHistories(
  name: string,
  harness: Harness,
  options: HistoryOptions,
  { describe, it }: TestRunner,
): void {
  const settings = completeOptions(harness, options);
  const { runs, seed, together, faults } = settings;
  describe(`${name} keeps the contract over random histories`, () => {
    const how = `${together} at a time, seed ${seed}`;
    const title = `${name} breaks no rule in ${runs} random histories${faults ? ' with faults' : ''}: ${how}`;
    it(
      title,
      () => playHistories(harness, { ...options, seed }),
      Math.min(limitPerHistoryMs * Math.max(2, Math.ceil(runs / together)), longestTimerMs),
    );
  });
}

/**
 * Plays the histories of {@link checkHistories} for another runner. Rejects with the shortest history that breaks a
 * rule.
 */
export async function playHistories(harness: Harness, options: HistoryOptions): Promise<void> {
  const settings = completeOptions(harness, options);
  const { together, runs, seed } = settings;
  const release = holdProcess();
  const judgement = new Judgement();
  try {
    const share = Math.ceil(runs / together);
    const lanes = Array.from({ length: together }, (_, lane) => playLane(settings, judgement, share, seed + lane));
    for (const outcome of await Promise.allSettled(lanes)) if (outcome.status === 'rejected') throw outcome.reason;
  } finally {
    release();
    judgement.stalls.stop();
  }
  judgement.end();
}

async function playLane(settings: HistorySettings, judgement: Judgement, runs: number, seed: number): Promise<void> {
  const { maxCommands, faults, path, shrinkMs } = settings;
  let shortest: Violation | undefined;
  let failedAt = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(histories(faults, maxCommands), async (commands) => {
    if (now() - failedAt > shrinkMs) return;
    try {
      await judgement.play(() => playOne(settings, judgement.stalls, commands));
    } catch (error) {
      failedAt = Math.min(failedAt, now());
      shortest = error instanceof Violation ? error : new Violation('call', String(error), { cause: error });
      throw error;
    }
  });
  const details = await fc.check(property, { numRuns: runs, seed, ...(path === undefined ? {} : { path }) });
  if (details.failed) throw report(shortest, details);
}

function report(found: Violation | undefined, details: fc.RunDetails<[Iterable<Command>]>): Error {
  if (found === undefined)
    return new Error(`histories could not be played, though no rule was broken: ${String(details.errorInstance)}`);
  const { seed, counterexamplePath, numRuns, numShrinks } = details;
  // The content of a shorter history depends on its run, so only the first run can be drawn again.
  const [first] = counterexamplePath?.split(':') ?? [];
  const replay = `{ seed: ${seed}, path: '${first}', runs: 1 }`;
  const found_ = `history ${numRuns} of seed ${seed}, made shorter ${numShrinks} times; replay it with ${replay}`;
  const text = [
    `${found.message}`,
    found_,
    '',
    ...found.lines.map((line) => `    ${line}`),
    `    // ${rules[found.rule]}`,
  ];
  const error = new Violation(found.rule, found.message.slice(rules[found.rule].length + 2), { cause: found.cause });
  error.message = text.join('\n');
  error.lines = found.lines;
  return error;
}

async function playOne(settings: HistorySettings, stalls: Stalls, commands: Iterable<Command>): Promise<void> {
  const { harness, clock, faults } = settings;
  const time = clock === undefined ? realTime(harness.patience ?? 1, stalls) : virtualTime(clock);
  const capabilities = await time.ends('opening a first registry', 10_000, capabilitiesOf(harness));
  const control = faults && harness.faults !== undefined ? new FaultControl(harness.faults) : undefined;
  const world = new World(settings, capabilities, time, control);
  const stage: Stage = { backend: 'serving', watchers: 0 };
  try {
    await fc.asyncModelRun(() => ({ model: stage, real: world }), commands as Iterable<Command>);
    await end(world);
  } catch (error) {
    if (world.isHearsay && stalls.isStarved) throw new Unjudged('', { cause: error });
    if (error instanceof Violation) error.tell(world.lines, world.prefix);
    throw error;
  } finally {
    await control?.restore();
    await cleanUp(world);
  }
}

/** Ends a history: brings it to rest, and closes its objects with a withdrawal. */
async function end(world: World): Promise<void> {
  if (world.backend === 'stopped') await start(world);
  if (world.backend === 'frozen') await resume(world);
  // A lease that is too long shows only if the history waits for its end, which is free in virtual time.
  if (world.time.isVirtual) {
    const ms = stretchMs(world, 'a TTL and the slack');
    world.note(`await pass(${Math.round(ms)}); // a TTL and the slack`);
    await world.time.pass(ms);
  }
  await rest(world);
  for (const caller of world.callers) if (caller.open) await close(world, caller, true);
  await rest(world);
}

/** Closes whatever a failure left open; a broken registry may fail at that too. */
async function cleanUp(world: World): Promise<void> {
  for (const told of world.watchers) if (!told.ended) told.stop().catch(() => {});
  for (const caller of world.callers) {
    if (!caller.open) continue;
    await world.time.ends('close()', 5_000, caller.registry.close()).catch(() => {});
  }
  // In virtual time many histories share one registry, whose lists would grow with every node without a TTL of a crash.
  if (world.time.isVirtual) await world.time.ends('clearing', 5_000, clear(world)).catch(() => {});
}

async function clear(world: World): Promise<void> {
  const { registry } = await world.open('last');
  for (const name of new Set(world.models().map(({ service }) => world.nameOf(service)))) {
    const nodes = (await registry.getService(name)).flatMap((service) => service.nodes);
    if (nodes.length > 0) await registry.deregister({ name, nodes });
  }
  await registry.close();
}

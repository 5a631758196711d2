import { RegistryError } from '@rollcall/core';
import { recoverMs, settleMs } from '../defaults.ts';
import { operations } from '../kit/operations.ts';
import { isOver } from './history-time.ts';
import { fact } from './node-model.ts';
import { list, read, settle } from './reading.ts';
import type { Told } from './told.ts';
import { Violation } from './violation.ts';
import { type Caller, serviceLabels, type World } from './world.ts';

/** Pause between two checks of a state that must come. Milliseconds. */
const lookMs = 20;

/** Repeats a check until it does not throw; after the given milliseconds it throws the last error. */
async function comesTrue(world: World, limitMs: number, check: () => void | Promise<void>): Promise<void> {
  const since = world.time.now();
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (isOver(world.time, since, limitMs * world.time.patience)) throw error;
    }
    await world.time.pass(lookMs);
  }
}

/** Closes an object, with or without withdrawing, and checks that it is closed. */
export async function close(world: World, caller: Caller, withdraw: boolean): Promise<void> {
  const what = `${caller.label}.close(${withdraw ? '' : '{ withdraw: false }'})`;
  const from = world.time.now();
  // From the start of the withdrawal nodes may be gone.
  const withdrawn = world
    .models()
    .filter(({ model }) =>
      model
        .stored({ from, until: from })
        .some(({ holder, content }) => content && (holder === caller.number || holder === 'unknown')),
    );
  const leaves = withdrawn.map(({ service, id }) => {
    const model = world.model(service, id);
    const at = { from, until: from };
    const stored = model.stored(at);
    const sure = stored.every(({ holder, content }) => content === undefined || holder === caller.number);
    const causes = [...model.causes(at), 'deregistered' as const];
    if (!withdraw) {
      // An announcer that is gone leaves a record that lives only in some caches.
      const announces = world.capabilities.removesOthers === 'own';
      for (const one of stored)
        if (announces && one.holder === caller.number) one.goesFrom = Math.min(one.goesFrom, from);
      return { sure: false, known: undefined };
    }
    const known = fact({ writer: caller.number, startedAt: from, ackedAt: Number.POSITIVE_INFINITY, causes });
    return { sure, known: model.add(known) };
  });
  for (const told of world.watchersOf(caller)) told.closing();
  await world.time.ends(what, 1_000 + settleMs, caller.registry.close(withdraw ? undefined : { withdraw }));
  const until = world.time.now();
  world.note(`await ${what}; // at ${world.at()}`);
  caller.open = false;
  for (const told of world.watchersOf(caller)) told.closed = true;
  if (world.backend === 'serving') for (const { sure, known } of leaves) if (sure && known) known.ackedAt = until;
  await assertClosed(world, caller);
}

async function assertClosed(world: World, caller: Caller): Promise<void> {
  for (const { name, run } of operations) {
    const call = run(caller.registry, world.nameOf('web')).then(
      () => 'served',
      (error: unknown) => (RegistryError.is(error, 'CLOSED') ? undefined : String(error)),
    );
    const wrong = await world.time.ends(`${name} after close`, settleMs, call);
    if (wrong !== undefined) throw new Violation('closed', `${caller.label}.${name} after close: ${wrong}`);
  }
  await comesTrue(world, settleMs, () => {
    for (const told of world.watchersOf(caller)) {
      told.check();
      if (!told.ended) throw new Violation('closed', `${told.label} goes on after ${caller.label}.close()`);
    }
  });
}

/** Waits until every watcher has heard that the backend is gone. */
export async function interrupted(world: World): Promise<void> {
  await comesTrue(world, recoverMs, () => {
    for (const told of world.running()) {
      told.check();
      if (told.synced) throw new Violation('outage', `${told.label} is not told that the backend is down`);
    }
  });
}

/** Stops a watcher, which then tells nothing more. */
export async function breakOff(world: World, told: Told): Promise<void> {
  world.note(`await ${told.label.replace(' ', '')}.return();`);
  await world.time.ends(`return() of ${told.label}`, settleMs, told.stop());
  await comesTrue(world, settleMs, () => {
    told.check();
    if (!told.ended) throw new Violation('closed', `next() of ${told.label} waits on after its return()`);
  });
}

/** Waits until every object can call again and every watcher is synced. */
export async function recover(world: World): Promise<void> {
  for (const caller of world.callers) {
    if (!caller.open) continue;
    await comesTrue(world, recoverMs, async () => {
      const asked = caller.registry.getService(world.nameOf('web'), { timeoutMs: 1_000 });
      await world.time.ends(`getService() of ${caller.label}`, 3_000, asked).catch((cause: unknown) => {
        throw new Violation('outage', `${caller.label} cannot ask a backend that is back: ${String(cause)}`, { cause });
      });
    });
  }
  await comesTrue(world, recoverMs, () => {
    for (const told of world.running()) {
      told.check();
      if (!told.synced) throw new Violation('watch', `${told.label} is not synced with a backend that is back`);
    }
  });
}

/** Asks all objects and waits for each answer; in real time it asks them all at once. */
async function each(
  world: World,
  callers: readonly Caller[],
  ask: (caller: Caller) => Promise<unknown>,
): Promise<void> {
  if (!world.time.isVirtual) await Promise.all(callers.map(ask));
  else for (const caller of callers) await ask(caller);
}

/** Lets everything come to rest; then reads, lists and watchers must all agree with the model. */
export async function rest(world: World): Promise<void> {
  if (world.backend !== 'serving') return;
  world.note(`// at rest, at ${world.at()}`);
  await world.time.pass(world.capabilities.propagationMs + lookMs);
  world.check();
  const looker = await world.open('looker');
  const others = world.callers.filter((one) => one.open && one !== looker);
  for (const service of serviceLabels) {
    const seen = await read(world, looker, service, 'rest');
    if (seen !== undefined) settle(world, service, seen.found, seen.look);
    await each(world, others, (caller) => read(world, caller, service, 'rest'));
  }
  await each(world, [looker, ...others], (caller) => list(world, caller));
  await comesTrue(world, settleMs, () => {
    const at = world.time.now();
    for (const told of world.running()) {
      told.check();
      told.assertTrue({ from: at, until: at });
      if (!told.synced) throw new Violation('watch', `${told.label} is not synced at rest`);
    }
  });
  await close(world, looker, true);
}

import { interrupted, recover } from './living.ts';
import { fact } from './node-model.ts';
import type { World } from './world.ts';

/**
 * After `act` everything stored is gone, and so are writes that were on their way. Watchers may hear of it before `act`
 * has ended.
 */
async function forget(world: World, act: () => Promise<void>): Promise<void> {
  const gone = { startedAt: world.time.now(), causes: ['deregistered', 'expired', 'unknown'], settles: true } as const;
  const begun = world.models().map(({ model }) => {
    return { model, known: model.add(fact({ ...gone, ackedAt: Number.POSITIVE_INFINITY })) };
  });
  await act();
  for (const { model, known } of begun) {
    model.withdraw(known);
    model.add(fact({ ...gone, ackedAt: world.time.now() }));
  }
}

/** Begins an outage: from now on leases may stand still, and deletes may lack their reason. */
function begin(world: World): void {
  world.faultAt = world.time.now();
  for (const told of world.watchers) told.fault();
  for (const { model } of world.models()) model.suspend(world.faultAt);
}

/** Ends the backend. */
export async function stop(world: World): Promise<void> {
  begin(world);
  world.backend = 'stopped';
  await world.faults?.stop();
  world.note(`await faults.stop(); // at ${world.at()}`);
  await interrupted(world);
}

/** Runs the backend again. */
export async function start(world: World): Promise<void> {
  const act = async (): Promise<void> => world.faults?.start();
  if (world.capabilities.durable) await act();
  else await forget(world, act);
  world.note(`await faults.start(); // at ${world.at()}`);
  await serve(world);
}

/** Freezes the backend: it keeps its connections and answers no call. */
export async function freeze(world: World): Promise<void> {
  begin(world);
  world.backend = 'frozen';
  await world.faults?.freeze();
  world.note(`await faults.freeze(); // at ${world.at()}`);
}

/** Lets the backend go on. */
export async function resume(world: World): Promise<void> {
  await world.faults?.resume();
  world.note(`await faults.resume(); // at ${world.at()}`);
  await serve(world);
}

/** Removes everything from the backend. */
export async function wipe(world: World): Promise<void> {
  begin(world);
  await forget(world, async () => world.faults?.wipe());
  world.note(`await faults.wipe(); // at ${world.at()}`);
  await serve(world);
}

async function serve(world: World): Promise<void> {
  world.backend = 'serving';
  for (const told of world.watchers) told.fault();
  await recover(world);
  // A read that ended late was made after the fault as well.
  for (const { model } of world.models()) model.resume(world.time.now() - world.faultAt);
}

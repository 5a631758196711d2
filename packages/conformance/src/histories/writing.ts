import { RegistryError, type RegistryErrorCode, type ServiceInput } from '@rollcall/core';
import { serviceOf } from './content.ts';
import { type Content, type Fact, fact, type Look, type NodeModel, textOf } from './node-model.ts';
import { Violation } from './violation.ts';
import type { Caller, World } from './world.ts';

/** The outcome of a call: success, or the code of the refusal. */
export type Outcome = 'done' | RegistryErrorCode;

/** One register of a history. */
export interface Writing {
  readonly service: string;
  readonly ids: readonly string[];
  readonly content: Content;
  readonly ttlMs: number | undefined;
  readonly renewIntervalMs?: number | undefined;
}

/** Deadline of every call. Milliseconds. */
const callMs = 10_000;

/** How long a call may take: by then the backend has answered, or the call has failed. Milliseconds. */
export const deadlineMs = ({ backend, time }: World): number =>
  backend === 'serving' ? callMs * time.patience : hopelessMs;
/** Deadline of a call that cannot be served. Milliseconds. */
const hopelessMs = 300;
/** A process that stood still for this long may miss any deadline. Milliseconds. */
const stallMs = 2_000;

/** Makes a call and returns its outcome. An error that is not a `RegistryError` is a violation. */
export async function attempt(
  world: World,
  what: string,
  call: (options: { readonly timeoutMs: number }) => Promise<unknown>,
): Promise<Outcome> {
  const timeoutMs = deadlineMs(world);
  try {
    await world.time.ends(what, timeoutMs + 2_000, call({ timeoutMs }));
    return 'done';
  } catch (error) {
    if (error instanceof Violation) throw error;
    world.refusal = String(error);
    if (RegistryError.is(error)) return error.code;
    throw new Violation('call', `${what} rejected with ${String(error)}`, { cause: error });
  }
}

/** Checks that a call fails with the right code if the backend could not serve it, and succeeds if it could. */
export function assertServed(world: World, what: string, outcome: Outcome, from: number): void {
  const unavailable = outcome === 'UNAVAILABLE' || outcome === 'TIMEOUT';
  // The deadline of the call may have passed while this process stood still.
  const served = world.backend === 'serving' && world.time.stalledMs(from) < stallMs;
  if (served && unavailable) throw new Violation('call', `${what} was refused: ${world.refusal}`);
  if (world.backend === 'stopped' && outcome === 'done')
    throw new Violation('outage', `${what} succeeded while the backend was down`);
}

/** A write whose outcome is unknown, for now or for good. */
const ackedAt = Number.POSITIVE_INFINITY;

/** The text of options. */
const written = (options: object): string =>
  `{ ${Object.entries(options)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} }`;

/** The text of a service. */
const sample = ({ service, ids, content: { version, mark } }: Writing): string =>
  `service('${service}', [${ids.map((id) => `'${id}'`).join(', ')}], '${version}', '${mark}')`;

/** The text of a register of a service. */
const inputOf = (world: World, { service, ids, content }: Writing): ServiceInput =>
  serviceOf(world.nameOf(service), ids, content);

/** How long a lease of this TTL may and must last, for a register that took this long. */
export function leaseOf(world: World, ttlMs: number | undefined, { from, until }: Look): Partial<Fact> {
  if (ttlMs === undefined) return {};
  const { minTtlMs, ttlResolutionMs, expirySlackMs, propagationMs } = world.capabilities;
  const kept = Math.ceil(Math.max(ttlMs, minTtlMs) / ttlResolutionMs) * ttlResolutionMs;
  // Timers and clocks of two processes may round differently.
  const goesBy = until + kept + expirySlackMs + propagationMs + world.time.slackMs;
  return { goesFrom: from + kept - 2, goesBy, ttlMs: kept };
}

/** The possible outcomes of a register of one node, by its holder. */
function expected(world: World, caller: Caller, key: string, stored: readonly Fact[]): ReadonlySet<Outcome> {
  const outcomes = new Set<Outcome>();
  const { state } = caller.claim(key);
  for (const { content, holder } of stored) {
    if (content === undefined || holder === caller.number) outcomes.add('done');
    else if (holder === 'unknown' || holder === undefined || world.callers[holder]?.open !== true) {
      outcomes.add('done');
      if (state !== 'none' || !world.capabilities.takesOver) outcomes.add('CONFLICT');
    } else if (state === 'none') outcomes.add(world.capabilities.takesOver ? 'done' : 'CONFLICT');
    else {
      outcomes.add('CONFLICT');
      // After a failed write an object does not know whether it holds the node.
      if (world.capabilities.takesOver && state === 'unsure') outcomes.add('done');
    }
  }
  return outcomes;
}

/** Names a node. */
interface NodeRef {
  readonly service: string;
  readonly id: string;
}

/** The possible states of the node when a call is made; an expired node counts as gone. */
function storedAt(world: World, caller: Caller, { service, id }: NodeRef, look: Look): readonly Fact[] {
  const model = world.model(service, id);
  const isOthers = ({ content, holder }: Fact): boolean => content !== undefined && holder !== caller.number;
  // Where no server decides, a node of another object blocks the id until this object has heard that it is gone.
  const lingering = world.capabilities.takesOver ? [] : model.visible(look).filter(isOthers);
  return [...new Set([...model.stored(look), ...lingering])].flatMap((one) => {
    if (one.content === undefined || look.until < one.goesFrom) return [one];
    const gone = fact({ startedAt: one.startedAt, ackedAt: one.ackedAt, causes: ['expired'] });
    return model.mustBeGone(one, look) ? [gone] : [one, gone];
  });
}

/** Registers, and checks the outcome against the model. */
export async function register(world: World, caller: Caller, writing: Writing): Promise<void> {
  const { service, ids, content, ttlMs, renewIntervalMs } = writing;
  const options = ttlMs === undefined ? {} : { ttlMs, ...(renewIntervalMs === undefined ? {} : { renewIntervalMs }) };
  const what = `${caller.label}.register(${sample(writing)}${ttlMs === undefined ? '' : `, ${written(options)}`})`;
  const from = world.time.now();
  const { number } = caller;
  // Readers and watchers may see the write before it is acknowledged.
  const begun = ids.map((id) => {
    const model = world.model(service, id);
    return { id, model, known: model.add(fact({ content, writer: number, holder: number, startedAt: from, ackedAt })) };
  });
  const outcome = await attempt(world, what, (call) =>
    caller.registry.register(inputOf(world, writing), { ...options, ...call }),
  );
  const look: Look = { from, until: world.time.now() };
  world.note(`await ${what}; // ${outcome}, at ${world.at()}`);
  assertServed(world, what, outcome, from);
  for (const { model, known } of begun) model.withdraw(known);
  const outcomes = begun.map(({ id }) =>
    expected(world, caller, `${service}/${id}`, storedAt(world, caller, { service, id }, look)),
  );
  assertOutcome(what, outcome, outcomes);
  for (const [index, { id, model }] of begun.entries()) {
    // A call that was refused for one of its nodes may have renewed, or even written, another node.
    const refused = outcome === 'CONFLICT' && (ids.length === 1 || outcomes[index]?.has('done') !== true);
    const lease = leaseOf(world, ttlMs, look);
    // The TTL of a write that lands late begins when it lands.
    const acked = outcome === 'done' ? { ackedAt: look.until } : { ackedAt, goesBy: Number.POSITIVE_INFINITY };
    const written = { writer: number, holder: number, startedAt: from, ...lease, ...acked };
    // The earlier content may have been renewed instead of the new content being written.
    const held = outcome === 'done' ? [] : model.stored(look).filter((one) => one.content && one.holder === number);
    // Each content once: repeated failures would double the candidates, and would hide the case that nothing was
    // written at all.
    const contents = new Map([...held, { content }].map((one) => [textOf(one.content), one.content]));
    if (!refused) for (const one of contents.values()) model.add(fact({ content: one, ...written }));
    const told = caller.claim(`${service}/${id}`).state === 'none' ? 'unsure' : 'told';
    const state = outcome === 'done' ? 'held' : outcome === 'CONFLICT' && ids.length === 1 ? told : 'unsure';
    caller.claims.set(`${service}/${id}`, { state });
  }
}

function assertOutcome(what: string, outcome: Outcome, outcomes: readonly ReadonlySet<Outcome>[]): void {
  const mayConflict = outcomes.some((one) => one.has('CONFLICT'));
  if (outcome === 'CONFLICT' && !mayConflict) throw new Violation('ownership', `${what} was refused with CONFLICT`);
  if (outcome === 'done' && !outcomes.every((one) => one.has('done')))
    throw new Violation('ownership', `${what} was accepted, though another holds it`);
  if (!['done', 'CONFLICT', 'UNAVAILABLE', 'TIMEOUT'].includes(outcome))
    throw new Violation('call', `${what} was refused with ${outcome}`);
}

/** Deregisters, and checks the outcome against the model. */
export async function deregister(world: World, caller: Caller, service: string, ids: readonly string[]): Promise<void> {
  const what = `${caller.label}.deregister(service('${service}', [${ids.map((id) => `'${id}'`).join(', ')}]))`;
  const from = world.time.now();
  const ref = { name: world.nameOf(service), nodes: ids.map((id) => ({ id })) };
  const begun = ids.map((id) => {
    const model = world.model(service, id);
    const causes = [...model.causes({ from, until: from }), 'deregistered' as const];
    return { id, model, known: model.add(fact({ writer: caller.number, startedAt: from, ackedAt, causes })) };
  });
  const outcome = await attempt(world, what, (call) => caller.registry.deregister(ref, call));
  const look: Look = { from, until: world.time.now() };
  world.note(`await ${what}; // ${outcome}, at ${world.at()}`);
  assertServed(world, what, outcome, from);
  const own = world.capabilities.removesOthers === 'own';
  // Without a server the object decides by what it has heard, and it hears of another's withdrawal within the
  // propagation time.
  const others = begun.some(({ model, known }) =>
    model.visible(look).some((one) => one !== known && one.content !== undefined && one.holder !== caller.number),
  );
  if (!['done', 'UNAVAILABLE', 'TIMEOUT'].includes(outcome) && !(own && others && outcome === 'NOT_SUPPORTED'))
    throw new Violation('call', `${what} was refused: ${world.refusal}`);
  for (const { id, model, known } of begun) {
    const holds = mayHold(caller, model, look);
    if (outcome === 'done') known.ackedAt = look.until;
    caller.claims.set(`${service}/${id}`, { state: outcome === 'done' ? 'none' : 'unsure' });
    if (outcome !== 'done' && outcome !== 'NOT_SUPPORTED') continue;
    // Where only the owner can remove a node, another object's call removes at most what a dead owner left.
    if (own ? holds : outcome === 'done') continue;
    model.withdraw(known);
    for (const one of model.stored(look)) if (one.content !== undefined) one.causes = [...one.causes, 'deregistered'];
  }
}

/** Whether the caller may hold the node. */
const mayHold = (caller: Caller, model: NodeModel, look: Look): boolean =>
  model.stored(look).some(({ holder }) => holder === caller.number || holder === 'unknown');

/** Registers and deregisters one node many times without waiting: the last call decides. */
export async function burst(
  world: World,
  caller: Caller,
  service: string,
  id: string,
  contents: readonly (Content | undefined)[],
): Promise<void> {
  const from = world.time.now();
  const timeoutMs = deadlineMs(world);
  const model = world.model(service, id);
  const facts = contents.map((content) =>
    model.add(
      fact({
        content,
        writer: caller.number,
        holder: content && caller.number,
        startedAt: from,
        ackedAt: Number.POSITIVE_INFINITY,
        causes: content === undefined ? ['deregistered'] : [],
      }),
    ),
  );
  const calls = contents.map((content) => {
    const ref = { name: world.nameOf(service), nodes: [{ id }] };
    return content === undefined
      ? caller.registry.deregister(ref, { timeoutMs })
      : caller.registry.register(inputOf(world, { service, ids: [id], content, ttlMs: undefined }), {
          timeoutMs: callMs,
        });
  });
  const all = contents.map((content) => (content === undefined ? 'deregister' : `register mark ${content.mark}`));
  const what = `${caller.label}: ${all.join(', ')} of ${service}/${id}`;
  const outcomes = await world.time.ends(what, timeoutMs + 2_000, Promise.allSettled(calls));
  world.note(
    `await Promise.all([${all.map((one) => `${caller.label}.${one} of '${service}/${id}'`).join(', ')}]); // at ${world.at()}`,
  );
  const refused = outcomes.find((one) => one.status === 'rejected');
  if (refused?.status === 'rejected') throw new Violation('call', `${what} was refused with ${String(refused.reason)}`);
  const last = contents.at(-1);
  for (const one of facts) one.ackedAt = world.time.now();
  const state = last === undefined ? 'none' : 'held';
  caller.claims.set(`${service}/${id}`, { state });
}

/** Whether the outcome of a burst can be predicted: the node must be free or held by the caller. */
export function canBurst(world: World, caller: Caller, service: string, id: string): boolean {
  const at = world.time.now();
  const stored = storedAt(world, caller, { service, id }, { from: at, until: at });
  const free = stored.every(({ content, holder }) => content === undefined || holder === caller.number);
  return free && !['told', 'unsure'].includes(caller.claim(`${service}/${id}`).state);
}

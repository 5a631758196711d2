import { RegistryError, type Service, type ServiceSummary } from '@rollcall/core';
import { settleMs } from '../defaults.ts';
import { contentInGroup } from './content.ts';
import { isOver } from './history-time.ts';
import { type Fact, fact, type Look, textOf } from './node-model.ts';
import { type Rule, Violation } from './violation.ts';
import type { Caller, World } from './world.ts';
import { assertServed, deadlineMs, leaseOf, type Outcome } from './writing.ts';

/** Makes a call; returns its result, or the code of the refusal. */
async function ask<T>(
  world: World,
  what: string,
  call: (options: { readonly timeoutMs: number }) => Promise<T>,
): Promise<{ readonly outcome: Outcome; readonly answer: T | undefined }> {
  const timeoutMs = deadlineMs(world);
  try {
    return { outcome: 'done', answer: await world.time.ends(what, timeoutMs + 2_000, call({ timeoutMs })) };
  } catch (error) {
    if (error instanceof Violation) throw error;
    if (!RegistryError.is(error))
      throw new Violation('call', `${what} rejected with ${String(error)}`, { cause: error });
    if (!error.retryable) throw new Violation('call', `${what} was refused with ${error.code}`, { cause: error });
    world.refusal = String(error);
    return { outcome: error.code, answer: undefined };
  }
}

/** Checks that each item comes after the one before, by code unit. */
function assertAscending(what: string, texts: readonly string[]): void {
  for (const [index, text] of texts.entries()) {
    const before = texts[index - 1];
    if (before !== undefined && before >= text) throw new Violation('sorted', `${what}: '${before}' before '${text}'`);
  }
}

/** The texts of the nodes of an answer, by id. */
function foundIn(what: string, services: readonly Service[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  assertAscending(
    `versions of ${what}`,
    services.map(({ version }) => version),
  );
  for (const service of services) {
    assertAscending(
      `nodes of ${what}`,
      service.nodes.map(({ id }) => id),
    );
    for (const [index, node] of service.nodes.entries()) {
      if (found.has(node.id)) throw new Violation('visibility', `${what} answers node ${node.id} twice`);
      found.set(node.id, textOf(contentInGroup(service, index)));
    }
  }
  return found;
}

/** Checks that a node without a lease is never late. */
function assertPunctual(world: World, what: string, service: string, answer: readonly Service[], look: Look): void {
  for (const { id, late } of answer.flatMap(({ nodes }) => nodes)) {
    if (late !== true || !world.models().some((one) => one.service === service && one.id === id)) continue;
    const leased = world
      .model(service, id)
      .visible(look)
      .some(({ ttlMs }) => ttlMs > 0);
    if (!leased) throw new Violation('lifetime', `${what} calls ${id} late, which has no TTL`);
  }
}

/** What a read found, and when. */
export interface Seen {
  readonly found: ReadonlyMap<string, string>;
  readonly look: Look;
}

/** Reads a service and checks every node of the answer against the model. Returns the nodes that were found. */
export async function read(world: World, caller: Caller, service: string, blame?: Rule): Promise<Seen | undefined> {
  const since = world.time.now();
  const patientMs = world.isHearsay ? settleMs * world.time.patience : 0;
  for (;;) {
    try {
      return await readOnce(world, caller, service, blame);
    } catch (error) {
      // Where every node answers for itself, a loaded machine may hear an answer late.
      if (isOver(world.time, since, patientMs)) throw error;
    }
  }
}

async function readOnce(world: World, caller: Caller, service: string, blame?: Rule): Promise<Seen | undefined> {
  const what = `${caller.label}.getService('${service}')`;
  const from = world.time.now();
  const { outcome, answer } = await ask(world, what, (call) => caller.registry.getService(world.nameOf(service), call));
  const look: Look = { from, until: world.time.now(), reader: caller.number };
  if (answer === undefined) {
    world.note(`await ${what}; // ${outcome}, at ${world.at()}`);
    assertServed(world, what, outcome, from);
    return undefined;
  }
  const found = foundIn(what, answer);
  world.note(
    `await ${what}; // ${[...found].map(([id, text]) => `${id}: ${text}`).join('; ') || '[]'}, at ${world.at()}`,
  );
  assertServed(world, what, outcome, from);
  assertPunctual(world, what, service, answer, look);
  for (const one of world.models().filter((model) => model.service === service)) {
    const text = found.get(one.id) ?? 'absent';
    const allowed = one.model.allowed(look);
    if (allowed.has(text)) continue;
    throw new Violation(
      one.model.ruleOf(text, look, blame ?? 'visibility'),
      `${what} shows ${one.key} ${text}, but it is ${[...allowed].join(' or ')}`,
    );
  }
  return { found, look };
}

/** The time until which a found node may live. Its lease began before the read found it, even if the write was late. */
function goneBy(world: World, { goesBy, ttlMs, ackedAt }: Fact, look: Look): number {
  // A node that was settled before may stay for ever, because its write may have had no TTL.
  const isOpen = ackedAt === Number.POSITIVE_INFINITY;
  if (!isOpen || ttlMs === 0 || goesBy !== Number.POSITIVE_INFINITY) return goesBy;
  return leaseOf(world, ttlMs, look).goesBy ?? goesBy;
}

/** Decides open questions by a read at rest: the model takes its findings for the truth. */
export function settle(world: World, service: string, found: ReadonlyMap<string, string>, look: Look): void {
  for (const { id, model } of world.models().filter((one) => one.service === service)) {
    if (!model.isHazy(look)) continue;
    const text = found.get(id) ?? 'absent';
    const ones = model.visible(look).filter(({ content }) => textOf(content) === text);
    const present = ones.filter(({ content }) => content !== undefined);
    // The records of an announcer that is gone live on in the caches that heard them, and a fresh reader has not heard
    // them.
    const isLeft = (one: Fact): boolean =>
      one.content !== undefined && one.goesFrom <= look.from && one.ackedAt !== Number.POSITIVE_INFINITY;
    const left =
      world.capabilities.removesOthers === 'own' && text === 'absent' ? model.visible(look).filter(isLeft) : [];
    model.add(
      fact({
        content: present[0]?.content,
        holder: present.length === 0 ? undefined : 'unknown',
        startedAt: look.from,
        ackedAt: look.from - world.capabilities.propagationMs,
        settles: true,
        causes: ['deregistered', 'expired', 'unknown'],
        ...(present.length === 0
          ? {}
          : {
              goesFrom: Math.min(...present.map(({ goesFrom }) => goesFrom)),
              goesBy: Math.max(...present.map((one) => goneBy(world, one, look))),
              ttlMs: Math.max(...present.map(({ ttlMs }) => ttlMs)),
              causes: [],
            }),
      }),
    );
    for (const one of left) model.add(one);
  }
}

/** Lists all services and checks the list against the model. */
export async function list(world: World, caller: Caller): Promise<void> {
  const what = `${caller.label}.listServices()`;
  const from = world.time.now();
  const { outcome, answer } = await ask(world, what, (call) => caller.registry.listServices(call));
  const look: Look = { from, until: world.time.now(), reader: caller.number };
  const own = (answer ?? []).filter(({ name }) => world.serviceOf(name) !== undefined);
  assertAscending(
    what,
    own.map(({ name }) => name),
  );
  const shown = own.map(({ name, versions }) => `${name} (${versions.join(', ')})`);
  world.note(`await ${what}; // ${answer === undefined ? outcome : shown.join('; ') || '[]'}, at ${world.at()}`);
  assertServed(world, what, outcome, from);
  if (answer !== undefined) assertListed(world, what, own, look);
}

function assertListed(world: World, what: string, own: readonly ServiceSummary[], look: Look): void {
  for (const service of new Set(world.models().map((one) => one.service))) {
    const listed = new Set(own.find(({ name }) => name === world.nameOf(service))?.versions ?? []);
    const possible = new Set<string>();
    for (const { service: of, key, model } of world.models()) {
      if (of !== service) continue;
      const allowed = model.allowed(look);
      const versions = new Set(model.visible(look).flatMap(({ content }) => content?.version ?? []));
      for (const version of versions) if (allowed.size > 1 || !allowed.has('absent')) possible.add(version);
      const [only] = versions;
      if (!allowed.has('absent') && versions.size === 1 && only !== undefined && !listed.has(only))
        throw new Violation('visibility', `${what} lacks version '${only}' of ${service}, which ${key} has`);
    }
    for (const version of listed) {
      if (!possible.has(version))
        throw new Violation('visibility', `${what} names version '${version}' of ${service}, which no node has`);
    }
  }
}

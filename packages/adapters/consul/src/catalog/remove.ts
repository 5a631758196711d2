import type { Logger } from '@rollcall/core';
import type { EntryKey } from '@rollcall/core/adapter';
import type { AgentLink } from '../agents/agent-link.ts';
import { allSettled } from '../agents/all-settled.ts';
import { onSeveralMachines, registeredElsewhere, unremovable } from '../consul-error.ts';
import type { Instance } from '../consul-mapping.ts';
import { type CatalogReader, isPath } from './catalog-reader.ts';

/** The nodes to remove, and the agent that removes them. */
export interface Removal {
  readonly link: AgentLink;
  readonly keys: readonly EntryKey[];
  readonly reader: CatalogReader;
  readonly token: string | undefined;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Removes nodes, also those of other writers, from this agent. Resolves when a read from the servers no longer shows them. */
export async function removeInstances(removal: Removal): Promise<void> {
  const names = [...new Set(removal.keys.map(({ name }) => name))];
  await allSettled(names, (name) => removeOf(name, removal));
}

async function removeOf(name: string, removal: Removal): Promise<void> {
  const { link, keys, reader, logger, signal, token } = removal;
  const ids = new Set(keys.filter((key) => key.name === name).map(({ id }) => id));
  const removed = new Set<string>();
  let index: number | undefined;
  for (;;) {
    const reading = await reader.read(link, name, { signal, index }, logger);
    index = reading.index;
    const own = (await link.introduce(token, signal)).node;
    const found = selectInstances(reading.instances, ids, own);
    const waiting = await allSettled(found, (instance) => removeOne(instance, removal, removed));
    const elsewhere = found.find((_, at) => waiting[at] === 'elsewhere');
    if (elsewhere !== undefined) throw registeredElsewhere({ name, id: elsewhere.entry.node.id }, elsewhere.node);
    if (!waiting.includes('waiting')) return;
  }
}

/** The instances with one of the ids. A Consul id without a machine means the machine of the agent that is asked. */
function selectInstances(
  instances: readonly Instance[],
  ids: ReadonlySet<string>,
  own: string | undefined,
): readonly Instance[] {
  return instances.filter(({ entry, serviceId, node, owner }) => {
    if (ids.has(entry.node.id)) return true;
    if (owner !== undefined || !ids.has(serviceId)) return false;
    if (own !== undefined) return node === own;
    // The token may not ask which machine this is, so an id is only unambiguous if a single machine has it.
    const others = instances.filter((other) => other.serviceId === serviceId);
    if (others.length > 1) throw onSeveralMachines({ name: entry.name, id: serviceId });
    return true;
  });
}

/**
 * Removes one instance. `waiting`: the servers have not heard of the removal yet. `elsewhere`: another agent has the
 * living instance. `nothing`: the instance is dead, and another agent will reap it.
 */
async function removeOne(
  { serviceId, node, live, entry }: Instance,
  { link, token, signal }: Removal,
  removed: Set<string>,
): Promise<'waiting' | 'elsewhere' | 'nothing'> {
  const place = `${node}\0${serviceId}`;
  if (removed.has(place)) return 'waiting';
  if (!isPath(serviceId)) throw unremovable({ name: entry.name, id: entry.node.id });
  const own = (await link.introduce(token, signal)).node;
  if (own !== undefined && own !== node) return live ? 'elsewhere' : 'nothing';
  if ((await link.record(serviceId, signal)) === undefined) {
    // Either this agent no longer has the instance and the servers do not know yet, or the instance belongs to another
    // agent and the token may not ask which.
    return own !== undefined ? 'waiting' : live ? 'elsewhere' : 'nothing';
  }
  await link.deregister(serviceId, signal);
  removed.add(place);
  return 'waiting';
}

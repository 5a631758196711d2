import type { Logger } from '@rollcall/core';
import type { AgentLink } from '../agents/agent-link.ts';
import { hidesNodes } from '../consul-error.ts';
import type { Instance } from '../consul-mapping.ts';
import type { CatalogReader } from './catalog-reader.ts';

/** The reader of the catalogue, and the service to look for. */
export interface Confirmation {
  readonly reader: CatalogReader;
  readonly link: AgentLink;
  readonly name: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Reads one instance by a filter, so that the servers do not send all others. */
const onlyInstance = (serviceId: string): string => `Service.ID == "${serviceId}"`;

/**
 * Resolves when a read from the servers shows each of these writes (service id -> write). An agent accepts a write
 * before its servers know of it, and even when it cannot reach them.
 */
export async function confirmWrites(confirmation: Confirmation, writes: ReadonlyMap<string, string>): Promise<void> {
  const { reader, link, name, logger, signal } = confirmation;
  const [first] = writes.keys();
  const filter = writes.size === 1 && first !== undefined ? onlyInstance(first) : undefined;
  const isShown = ({ serviceId, write, passing }: Instance): boolean => passing && writes.get(serviceId) === write;
  for (let index: number | undefined; ; ) {
    const reading = await reader.read(link, name, { signal, index, filter }, logger);
    if (new Set(reading.instances.filter(isShown).map(({ serviceId }) => serviceId)).size === writes.size) return;
    // The first read does not decide, because it may come before the servers know of the write.
    if (index !== undefined && reading.instances.length === 0) await refuseBlind(confirmation);
    index = reading.index;
  }
}

/** Rejects when the token sees no machine. Such a token sees no instance either, so no wait would show the write. */
async function refuseBlind({ link, signal }: Confirmation): Promise<void> {
  if ((await link.nodes({ signal })).value.length === 0) throw hidesNodes();
}
